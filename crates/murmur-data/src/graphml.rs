//! Writes directed graphs as GraphML, which networkx, Gephi and igraph read
//! (<http://graphml.graphdrawing.org/specification.html>).

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::DataError;

/// An attribute that nodes have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub kind: AttributeKind,
}

/// The type of an attribute's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttributeKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Double,
    /// Texts.
    Text,
}

/// The value of an attribute of one node.
#[derive(Clone, PartialEq, Debug)]
pub enum AttributeValue<'a> {
    /// None.
    Missing,
    /// Of [`AttributeKind::Integer`].
    Integer(u32),
    /// Of [`AttributeKind::Double`], written with the fewest digits that give it back.
    Double(f32),
    /// Of [`AttributeKind::Text`].
    Text(Cow<'a, str>),
}

/// A GraphML file being written: all nodes, then all edges.
pub struct GraphmlFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl GraphmlFile {
    /// Begins a directed graph in the new file `path`, whose nodes have `attributes`.
    ///
    /// # Errors
    /// [`DataError::Io`] when the file cannot be written.
    pub fn create(path: &Path, attributes: &[Attribute]) -> Result<Self, DataError> {
        let begin = || {
            let mut out = BufWriter::new(File::create_new(path)?);
            out.write_all(HEAD.as_bytes())?;
            for (place, attribute) in attributes.iter().enumerate() {
                let kind = match attribute.kind {
                    AttributeKind::Integer => "int",
                    AttributeKind::Double => "double",
                    AttributeKind::Text => "string",
                };
                let name = escaped(&attribute.name);
                writeln!(
                    out,
                    "  <key id=\"d{place}\" for=\"node\" attr.name=\"{name}\" attr.type=\"{kind}\"/>"
                )?;
            }
            out.write_all(b"  <graph edgedefault=\"directed\">\n")?;
            Ok(out)
        };
        let out = begin().map_err(|source| DataError::io(path, source))?;
        Ok(Self { path: path.to_owned(), out })
    }

    /// Adds a node with a value for each attribute.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn node(&mut self, id: u32, values: &[AttributeValue<'_>]) -> Result<(), DataError> {
        let written = write_node(&mut self.out, id, values);
        written.map_err(|source| DataError::io(&self.path, source))
    }

    /// Adds an edge between two nodes.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn edge(&mut self, source: u32, target: u32) -> Result<(), DataError> {
        let written = writeln!(self.out, "    <edge source=\"{source}\" target=\"{target}\"/>");
        written.map_err(|source| DataError::io(&self.path, source))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`DataError::Io`] when the disk is full or fails.
    pub fn finish(mut self) -> Result<(), DataError> {
        let written = self.out.write_all(b"  </graph>\n</graphml>\n").and_then(|()| self.out.flush());
        written.map_err(|source| DataError::io(&self.path, source))
    }
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"#;

fn write_node(out: &mut impl Write, id: u32, values: &[AttributeValue<'_>]) -> io::Result<()> {
    writeln!(out, "    <node id=\"{id}\">")?;
    for (place, value) in values.iter().enumerate() {
        match value {
            AttributeValue::Missing => Ok(()),
            AttributeValue::Integer(value) => writeln!(out, "      <data key=\"d{place}\">{value}</data>"),
            AttributeValue::Double(value) => writeln!(out, "      <data key=\"d{place}\">{value}</data>"),
            AttributeValue::Text(text) => {
                writeln!(out, "      <data key=\"d{place}\">{}</data>", escaped(text))
            }
        }?;
    }
    writeln!(out, "    </node>")
}

/// `text` as XML writes it. Control characters, which XML cannot hold, become U+FFFD.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_lost = |c: char| (c < ' ' && !matches!(c, '\t' | '\n')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if !text.contains(|c: char| is_lost(c) || matches!(c, '&' | '<' | '>' | '"')) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // A reader would take a bare one for a newline.
            '\r' => escaped.push_str("&#13;"),
            c if is_lost(c) => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_is_written_as_the_format_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.graphml");
        let attribute = |name: &str, kind| Attribute { name: name.to_owned(), kind };
        let attributes = [
            attribute("followers", AttributeKind::Integer),
            attribute("opinion:\"R&D\"", AttributeKind::Double),
            attribute("label", AttributeKind::Text),
        ];
        let mut file = GraphmlFile::create(&path, &attributes).unwrap();
        file.node(
            0,
            &[
                AttributeValue::Integer(1),
                AttributeValue::Double(-0.1),
                AttributeValue::Text("<b>\r\u{1}".into()),
            ],
        )
        .unwrap();
        file.node(1, &[AttributeValue::Integer(0), AttributeValue::Double(1.0), AttributeValue::Missing])
            .unwrap();
        file.edge(1, 0).unwrap();
        file.finish().unwrap();
        let expected = format!(
            r#"{HEAD}  <key id="d0" for="node" attr.name="followers" attr.type="int"/>
  <key id="d1" for="node" attr.name="opinion:&quot;R&amp;D&quot;" attr.type="double"/>
  <key id="d2" for="node" attr.name="label" attr.type="string"/>
  <graph edgedefault="directed">
    <node id="0">
      <data key="d0">1</data>
      <data key="d1">-0.1</data>
      <data key="d2">&lt;b&gt;&#13;{lost}</data>
    </node>
    <node id="1">
      <data key="d0">0</data>
      <data key="d1">1</data>
    </node>
    <edge source="1" target="0"/>
  </graph>
</graphml>
"#,
            lost = char::REPLACEMENT_CHARACTER,
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    }
}
