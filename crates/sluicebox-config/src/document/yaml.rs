use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{Content, Entry, Node, Scalar};
use crate::error::Position;
use crate::report::Report;

/// How deep mappings and lists may nest; deeper is an error, not a stack overflow.
const DEPTH_MAX: usize = 64;
/// Values after aliases are filled in: ten lines of aliases to aliases can stand for billions.
const NODES_MAX: usize = 100_000;

/// Where the text came from.
#[derive(Clone)]
pub(crate) enum Source {
    /// A file of this name: values have lines and columns.
    File(Arc<str>),
    /// A variable or a flag: all its values stand in one place.
    Single(Position),
}

/// Reads one YAML document. What is wrong goes into the report; what can be read is returned.
pub(crate) fn parse(text: &str, source: &Source, report: &mut Report) -> Node {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        parser: Parser::new_from_str(text),
        text,
        source,
        report,
        anchors: HashMap::new(),
        nodes: 0,
    };
    match builder.document() {
        Ok(Some(root)) => root,
        Ok(None) => Node::mapping(source.at(&Marker::new(0, 1, 0))),
        Err(Stop {
            position,
            message,
            help,
        }) => {
            builder
                .report
                .at_position(position.clone(), "", message, help);
            Node {
                content: Content::Broken,
                position,
            }
        }
    }
}

impl Source {
    fn at(&self, marker: &Marker) -> Position {
        match self {
            Self::File(file) => Position::File {
                file: Arc::clone(file),
                line: marker.line(),
                column: marker.col() + 1,
            },
            Self::Single(position) => position.clone(),
        }
    }
}

/// A mistake after which the rest of the text cannot be read.
struct Stop {
    position: Position,
    message: String,
    help: Option<String>,
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    source: &'a Source,
    report: &'a mut Report,
    /// Finished values that have an anchor, by the parser's number for it.
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                _ if root.is_some() => {
                    return Err(self.stop(&span, "a second document; the file holds one"));
                }
                event => root = Some(self.node(event, &span, 0)?),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Stop> {
        if depth > DEPTH_MAX {
            return Err(self.stop(span, format!("nested deeper than {DEPTH_MAX} levels")));
        }
        self.count(span, 1)?;
        let position = self.source.at(&span.start);
        let (content, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_text(tag.as_deref());
                self.check_tag(tag.as_deref(), &position);
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain,
                    hidden: false,
                };
                (Content::Scalar(scalar), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), &position);
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), &position);
                (self.mapping(depth)?, anchor)
            }
            _ => (Content::Broken, 0),
        };
        let node = Node { content, position };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn sequence(&mut self, depth: usize) -> Result<Content, Stop> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::Sequence(nodes)),
                (event, span) => nodes.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Content, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            match key.content {
                Content::Scalar(scalar) if scalar.plain && scalar.text == "<<" => merged.push(node),
                Content::Scalar(scalar) => {
                    let entry = Entry {
                        key: scalar.text,
                        position: key.position,
                        node,
                    };
                    self.add(&mut entries, entry);
                }
                _ => {
                    let message = "a key must be a text, not a list or a mapping";
                    self.report.at_position(key.position, "", message, None);
                }
            }
        }
        for node in merged {
            self.merge(&mut entries, node);
        }
        Ok(Content::Mapping(entries))
    }

    fn add(&mut self, entries: &mut Vec<Entry>, entry: Entry) {
        match entries.iter().find(|earlier| earlier.key == entry.key) {
            None => entries.push(entry),
            Some(earlier) => {
                let message = format!(
                    "the key `{}` is there twice; first at {}",
                    entry.key, earlier.position
                );
                self.report.at_position(entry.position, "", message, None);
            }
        }
    }

    /// The merge key `<<` (YAML 1.1): members of other mappings, where there is none of that name.
    fn merge(&mut self, entries: &mut Vec<Entry>, node: Node) {
        match node.content {
            Content::Mapping(others) => {
                for other in others {
                    if entries.iter().all(|entry| entry.key != other.key) {
                        entries.push(other);
                    }
                }
            }
            Content::Sequence(nodes) => {
                for node in nodes {
                    self.merge(entries, node);
                }
            }
            _ => {
                let message = "`<<` takes a mapping, or a list of mappings";
                self.report.at_position(node.position, "", message, None);
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, Stop> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(self.stop(span, "an alias inside of what it stands for"));
        };
        self.count(span, size(&node))?;
        Ok(node)
    }

    fn count(&mut self, span: &Span, nodes: usize) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(self.stop(span, format!("more than {NODES_MAX} values")));
        }
        Ok(())
    }

    fn check_tag(&mut self, tag: Option<&Tag>, position: &Position) {
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema()) {
            let message = "YAML tags have no meaning here";
            self.report.at_position(position.clone(), "", message, None);
        }
    }

    fn stop(&self, span: &Span, message: impl Into<String>) -> Stop {
        Stop {
            position: self.source.at(&span.start),
            message: message.into(),
            help: None,
        }
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let line = error.marker().line().saturating_sub(1);
        let variable = self
            .text
            .lines()
            .nth(line)
            .is_some_and(|line| line.contains("${"));
        Stop {
            position: self.source.at(error.marker()),
            message: format!("this is not valid YAML: {}", error.info()),
            help: variable.then(|| "between { } or [ ], \"${VARIABLE}\" needs quotes".to_owned()),
        }
    }
}

/// Whether a tag (`!!str`) makes a text of what looks like a number.
fn is_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(_) | Content::Broken => 1,
        Content::Sequence(nodes) => 1 + nodes.iter().map(size).sum::<usize>(),
        Content::Mapping(entries) => 1 + entries.iter().map(|e| size(&e.node)).sum::<usize>(),
    }
}
