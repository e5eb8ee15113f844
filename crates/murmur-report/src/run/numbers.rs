//! Tables: the numbers of the summary, the largest cascades, the most read authors.

use std::cmp::Reverse;

use super::{Source, activity};
use crate::ReportError;
use crate::page::{Column, Section};
use crate::table_file::TableFile;
use crate::text::{count, maybe, percent, shorten, tidy};

/// Rows of a table.
const MOST_ROWS: usize = 15;

pub(super) fn section(source: &Source) -> Result<Section, ReportError> {
    let section = Section::new("tables", "Tables");
    let Some(summary) = &source.summary else { return Ok(section) };
    let mut rows: Vec<(String, String)> = vec![
        ("times that an agent was active".to_owned(), count(summary.activations)),
        ("reads".to_owned(), count(summary.exposures)),
        ("follows at first".to_owned(), count(summary.follows_first)),
        ("follows at last".to_owned(), count(summary.follows_last)),
        ("Gini coefficient of reads over authors".to_owned(), maybe(summary.attention_gini.map(tidy))),
        ("cascades".to_owned(), count(summary.cascades.roots)),
        (
            "reposted at least once".to_owned(),
            summary.cascades.reposted_share.map_or("–".to_owned(), percent),
        ),
        ("mean size of a cascade".to_owned(), maybe(summary.cascades.mean_scale.map(tidy))),
        ("largest cascade".to_owned(), count(summary.cascades.max_scale)),
        ("deepest cascade".to_owned(), count(summary.cascades.max_depth)),
    ];
    let kinds = summary.posts.iter().map(|(kind, posts)| (format!("rows: {kind}s"), count(*posts)));
    let done = summary.actions.iter().filter(|(_, actions)| **actions > 0);
    let done =
        done.map(|(kind, actions)| (format!("actions: {}", activity::in_words(kind)), count(*actions)));
    rows.extend(kinds.chain(done));
    rows.push(("refused actions".to_owned(), count(summary.refused)));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name, value]).collect();
    let section = section
        .part(
            "The run in numbers",
            "From the run's summary; docs/tables.md and docs/metrics.md have the definitions.",
        )
        .table("The run in numbers", &[Column::Text("what"), Column::Number("how many")], &rows);
    let Some(posts) = source.table("posts")? else { return Ok(section) };
    let section = match source.table("cascades")? {
        Some(cascades) => largest(section, source, &cascades, &posts)?,
        None => section,
    };
    match (source.table("exposures")?, source.table("agents")?) {
        (Some(exposures), Some(agents)) => most_read(section, source, &exposures, &posts, &agents),
        _ => Ok(section),
    }
}

/// The texts of a column in some rows, ascending.
fn texts_of(table: &TableFile, column: &str, rows: &[usize]) -> Result<Vec<String>, ReportError> {
    let (mut texts, mut wanted) = (Vec::with_capacity(rows.len()), rows.iter().peekable());
    table.each_text(column, |row, text| {
        if wanted.next_if(|&&place| place == row).is_some() {
            texts.push(text.unwrap_or("–").to_owned());
        }
    })?;
    Ok(texts)
}

/// The rows with the greatest values, those first; among equals the first row.
fn greatest(values: &[u32]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..values.len()).filter(|&row| values[row] > 0).collect();
    let key = |&row: &usize| (Reverse(values[row]), row);
    if rows.len() > MOST_ROWS {
        rows.select_nth_unstable_by_key(MOST_ROWS, key);
        rows.truncate(MOST_ROWS);
    }
    rows.sort_unstable_by_key(key);
    rows
}

fn largest(
    section: Section,
    source: &Source,
    cascades: &TableFile,
    posts: &TableFile,
) -> Result<Section, ReportError> {
    let column = |name: &str| cascades.u32s(name);
    let (root, author, step) = (column("root_id")?, column("author_id")?, column("step")?);
    let (scale, depth, breadth) = (column("scale")?, column("depth")?, column("max_breadth")?);
    let (quotes, comments) = (column("quotes")?, column("comments")?);
    let virality = cascades.f64s("structural_virality")?;
    let best = greatest(&scale);
    let mut ascending = best.clone();
    ascending.sort_unstable();
    let topics = texts_of(cascades, "topic", &ascending)?;
    // Posts are numbered from 1 in the order of their rows.
    let rows_of_posts: Vec<usize> =
        ascending.iter().map(|&row| (root[row] as usize).saturating_sub(1)).collect();
    let words = texts_of(posts, "content", &rows_of_posts)?;
    let row = |&row: &usize| {
        let place = ascending.binary_search(&row).unwrap_or(0);
        let text = |texts: &[String], most: usize| {
            texts.get(place).map_or_else(String::new, |text| shorten(text, most))
        };
        vec![
            root[row].to_string(),
            text(&words, 140),
            text(&topics, 60),
            author[row].to_string(),
            source.time.label(step[row]),
            count(scale[row].into()),
            depth[row].to_string(),
            count(breadth[row].into()),
            maybe(Some(tidy(virality[row]))),
            count(quotes[row].into()),
            count(comments[row].into()),
        ]
    };
    let rows: Vec<Vec<String>> = best.iter().map(row).collect();
    let columns = [
        Column::Number("post"),
        Column::Words("words"),
        Column::Text("topic"),
        Column::Number("author"),
        Column::Text("made"),
        Column::Number("rows"),
        Column::Number("depth"),
        Column::Number("breadth"),
        Column::Number("virality"),
        Column::Number("quotes"),
        Column::Number("comments"),
    ];
    Ok(section
        .part(
            "The largest cascades",
            "By rows: the post and its reposts. Virality is the mean distance of two rows in reposts.",
        )
        .table("The largest cascades", &columns, &rows))
}

fn most_read(
    section: Section,
    source: &Source,
    exposures: &TableFile,
    posts: &TableFile,
    agents: &TableFile,
) -> Result<Section, ReportError> {
    let (author, root) = (posts.u32s("author_id")?, posts.u32s("root_id")?);
    let mut reads_of_post = vec![0u32; author.len()];
    exposures.each_u32("post_id", |_, post| {
        if let Some(reads) = (post as usize).checked_sub(1).and_then(|row| reads_of_post.get_mut(row)) {
            *reads += 1;
        }
    })?;
    let mut reads = vec![0u32; agents.rows()];
    let mut own_posts = vec![0u32; agents.rows()];
    for (row, &own) in reads_of_post.iter().enumerate() {
        let first = (root[row] as usize).checked_sub(1).and_then(|root| author.get(root)).copied();
        if let Some(sum) = first.and_then(|author| reads.get_mut(author as usize)) {
            *sum += own;
        }
        if root[row] as usize == row + 1
            && let Some(posts) = own_posts.get_mut(author[row] as usize)
        {
            *posts += 1;
        }
    }
    let best = greatest(&reads);
    if best.is_empty() {
        return Ok(section);
    }
    let mut ascending = best.clone();
    ascending.sort_unstable();
    let names = texts_of(agents, "user_name", &ascending)?;
    let followers = source.people.as_ref().map(|people| &people.followers);
    let row = |&agent: &usize| {
        let place = ascending.binary_search(&agent).unwrap_or(0);
        vec![
            agent.to_string(),
            names.get(place).map_or_else(String::new, |name| shorten(name, 60)),
            count(reads[agent].into()),
            count(own_posts[agent].into()),
            followers.map_or_else(|| "–".to_owned(), |followers| count(followers[agent].into())),
        ]
    };
    let rows: Vec<Vec<String>> = best.iter().map(row).collect();
    let share = source.run.config().tables.exposures_of(reads.len() as u32).get();
    let caption = match share {
        share if share < 1.0 => format!(
            "Reads of an author's posts and of their reposts, of the {} of agents whose reads are in the tables.",
            percent(share)
        ),
        _ => "Reads of an author's posts and of their reposts.".to_owned(),
    };
    let columns = [
        Column::Number("agent"),
        Column::Text("name"),
        Column::Number("reads"),
        Column::Number("posts and quotes"),
        Column::Number("followers"),
    ];
    Ok(section.part("The most read authors", &caption).table("The most read authors", &columns, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_come_first_and_the_earlier_of_equals() {
        let values: Vec<u32> = (0..40).map(|row| row % 20).collect();
        let rows = greatest(&values);
        assert_eq!(rows.len(), MOST_ROWS);
        assert_eq!(rows[..4], [19, 39, 18, 38]);
        assert!(greatest(&[0, 0]).is_empty());
    }
}
