//! A page: title, key figures, sections with charts and tables, and everything they need to be drawn, in one document.

use plotly::Plot;

use crate::figure::Figure;
use crate::text::escape;

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");

/// A page under way.
pub(crate) struct Page {
    /// What it is a report of.
    pub(crate) title: String,
    /// What kind of page it is, above the title.
    pub(crate) kind: &'static str,
    /// A sentence below the title.
    pub(crate) lead: String,
    /// Key figures.
    pub(crate) tiles: Vec<Tile>,
    /// What is missing and why.
    pub(crate) notices: Vec<String>,
    pub(crate) sections: Vec<Section>,
    /// What the page was made by.
    pub(crate) foot: String,
}

/// A key figure.
pub(crate) struct Tile {
    pub(crate) value: String,
    pub(crate) name: String,
}

/// A part of a page that the table of contents names.
pub(crate) struct Section {
    id: &'static str,
    name: &'static str,
    body: String,
}

/// A column of a table.
#[derive(Clone, Copy)]
pub(crate) enum Column<'a> {
    Text(&'a str),
    /// Sentences.
    Words(&'a str),
    Number(&'a str),
}

impl Section {
    pub(crate) fn new(id: &'static str, name: &'static str) -> Self {
        Self { id, name, body: String::new() }
    }

    /// Whether there is anything in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Begins a part: a heading that says what is seen, and a sentence on how it was computed.
    pub(crate) fn part(mut self, heading: &str, caption: &str) -> Self {
        self.body += &format!("<h3>{}</h3>\n<p class=\"caption\">{}</p>\n", escape(heading), escape(caption));
        self
    }

    /// Adds a sentence, as in place of a figure that cannot be drawn.
    pub(crate) fn sentence(mut self, text: &str) -> Self {
        self.body += &format!("<p class=\"instead\">{}</p>\n", escape(text));
        self
    }

    pub(crate) fn figure(mut self, figure: &Figure) -> Self {
        self.body += &figure.html();
        self
    }

    /// Adds small charts side by side, each under its name.
    pub(crate) fn grid(mut self, figures: &[(String, Figure)]) -> Self {
        let cell = |(name, figure): &(String, Figure)| {
            format!("<div><h4>{}</h4>{}</div>", escape(name), figure.html())
        };
        let cells: Vec<String> = figures.iter().map(cell).collect();
        let class = if figures.len() == 1 { "grid one" } else { "grid" };
        self.body += &format!("<div class=\"{class}\">{}</div>\n", cells.concat());
        self
    }

    /// Adds a table; cells are plain text.
    pub(crate) fn table(mut self, name: &str, columns: &[Column<'_>], rows: &[Vec<String>]) -> Self {
        self.body += &table(name, columns, rows);
        self
    }

    /// Adds what is folded until somebody wants it.
    pub(crate) fn folded(mut self, name: &str, text: &str) -> Self {
        let (name, text) = (escape(name), escape(text));
        self.body +=
            &format!("<details><summary>{name}</summary><pre tabindex=\"0\">{text}</pre></details>\n");
        self
    }

    /// Adds HTML.
    pub(crate) fn html(mut self, html: &str) -> Self {
        self.body += html;
        self
    }
}

fn table(name: &str, columns: &[Column<'_>], rows: &[Vec<String>]) -> String {
    let head = |column: &Column<'_>| match column {
        Column::Text(name) | Column::Words(name) => format!("<th scope=\"col\">{}</th>", escape(name)),
        Column::Number(name) => format!("<th scope=\"col\" class=\"n\">{}</th>", escape(name)),
    };
    let cell = |(column, cell): (&Column<'_>, &String)| match column {
        Column::Text(_) => format!("<td>{}</td>", escape(cell)),
        Column::Words(_) => format!("<td class=\"w\">{}</td>", escape(cell)),
        Column::Number(_) => format!("<td class=\"n\">{}</td>", escape(cell)),
    };
    let row =
        |cells: &Vec<String>| format!("<tr>{}</tr>", columns.iter().zip(cells).map(cell).collect::<String>());
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table><thead><tr>{}</tr></thead><tbody>{}\
         </tbody></table></div>\n",
        escape(name),
        columns.iter().map(head).collect::<String>(),
        rows.iter().map(row).collect::<String>()
    )
}

impl Page {
    /// The whole document.
    pub(crate) fn html(&self) -> String {
        let Self { title, kind, lead, tiles, notices, sections, foot } = self;
        let title = escape(title);
        let tile = |tile: &Tile| {
            format!("<div><dd>{}</dd><dt>{}</dt></div>", escape(&tile.value), escape(&tile.name))
        };
        let tiles: String = tiles.iter().map(tile).collect();
        let notice = |text: &String| format!("<p class=\"notice\" role=\"note\">{}</p>\n", escape(text));
        let notices: String = notices.iter().map(notice).collect();
        let shown = || sections.iter().filter(|section| !section.is_empty());
        let links: String =
            shown().map(|section| format!("<a href=\"#{}\">{}</a>", section.id, section.name)).collect();
        let bodies: String = shown()
            .map(|Section { id, name, body }| {
                format!("<section id=\"{id}\" aria-labelledby=\"{id}-name\"><h2 id=\"{id}-name\">{name}</h2>\n{body}</section>\n")
            })
            .collect();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline'; \
             style-src 'unsafe-inline'; img-src data: blob:\">\n\
             <title>{title} · Murmur</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <header><p class=\"kind\">{}<button type=\"button\" id=\"theme\" hidden></button></p><h1>{title}</h1>\n\
             <p class=\"lead\">{}</p>\n{notices}<dl class=\"tiles\">{tiles}</dl></header>\n\
             <nav aria-label=\"Contents\">{links}</nav>\n<main>\n{bodies}</main>\n<footer>{}</footer>\n\
             <noscript><p class=\"notice\">The charts of this page are drawn by a script, which this browser does not \
             run.</p></noscript>\n<script>{}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            escape(kind),
            escape(lead),
            escape(foot),
            plotly_source(),
        )
    }
}

/// The source of plotly.js as the crate carries it; what comes after it there, for formulas, is not needed.
fn plotly_source() -> String {
    let sources = Plot::offline_js_sources();
    let first = sources.split("</script>").next().unwrap_or_default();
    first.split_once('>').map(|(_, source)| source.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_plotly_once_and_nothing_for_formulas() {
        let source = plotly_source();
        assert!(source.contains("plotly.js v") && source.contains("window.Plotly"));
        assert!(!source.contains("</script") && source.len() < 5_000_000);
    }

    #[test]
    fn nothing_that_people_wrote_becomes_markup() {
        let hostile = "</script><script>alert(1)</script>\"'&";
        let section = Section::new("s", "S")
            .part(hostile, hostile)
            .table(
                hostile,
                &[Column::Text(hostile), Column::Number("n")],
                &[vec![hostile.into(), hostile.into()]],
            )
            .figure(&Figure::new("f", hostile).line(hostile, 0, vec![0.0], vec![1.0]))
            .folded(hostile, hostile);
        assert!(!section.body.contains("<script>alert"));
    }
}
