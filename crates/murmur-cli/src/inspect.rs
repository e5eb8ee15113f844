//! `murmur inspect`: a run, a post or an agent, in plain text.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use murmur_core::{Clock, Step};
use murmur_engine::{
    AgentPage, CommentCard, Deed, FeedRow, Inspection, OpinionMove, OpinionPath, Overview, PostCard,
    PostPage, Run, TableSize, TreeRow, Who,
};

use crate::failure::{Failure, print};
use crate::run::tell_passed_over;
use crate::summary::count_of;

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The run's folder; it is left as it is, and the run may be going on.
    run: PathBuf,
    /// Show this post with its words, counters, thread, quotes and cascade.
    #[arg(long, value_name = "ID", conflicts_with = "agent")]
    post: Option<u32>,
    /// Show this agent with its profile, opinions, history and feed.
    #[arg(long, value_name = "ID")]
    agent: Option<u32>,
    /// The step in whose beginning to look [default: the end of what is committed].
    #[arg(long, value_name = "STEP")]
    at: Option<u32>,
}

/// The most lines of a tree, a thread and the like; how many more there are is said.
const MOST_LINES: usize = 40;

/// The most actions and followers of an agent.
const MOST_OF_AGENT: usize = 20;

/// The most points of an opinion over time.
const MOST_POINTS: usize = 8;

pub(crate) fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let run = Run::open(&args.run)?;
    let inspection = run.inspect(args.at.map(Step))?;
    tell_passed_over(&inspection.passed_over);
    let text = match (args.post, args.agent) {
        (Some(id), _) => post_page(&inspection, &inspection.post(id)?),
        (None, Some(id)) => agent_page(&inspection, &inspection.agent(id)?),
        (None, None) => overview(&inspection, &inspection.overview()?, &args.run.display().to_string()),
    };
    print(&text)
}

/// Adds a line. The only failure of writing to a string is running out of memory.
macro_rules! line {
    ($page:expr) => { $page.push('\n') };
    ($page:expr, $($arguments:tt)*) => { let _ = writeln!($page, $($arguments)*); };
}

fn overview(inspection: &Inspection<'_>, overview: &Overview, name: &str) -> String {
    let clock = inspection.clock();
    let mut page = String::new();
    let agents = count_of(overview.agents.into());
    line!(
        page,
        "{name}: {agents} agents, seed {}, {} of {} steps done",
        overview.seed,
        overview.committed,
        overview.planned
    );
    for ancestor in &overview.ancestors {
        line!(page, "  branched off {} at step {}", ancestor.run.display(), ancestor.at);
    }
    line!(page, "{}: {} rows in the post table", as_of(inspection), count_of(overview.posts as u64));
    line!(page);
    line!(page, "top posts, by likes and shares");
    for card in &overview.top_posts {
        line!(page, "  {}", in_a_line(card, &clock));
    }
    line!(page);
    line!(page, "largest cascades");
    for cascade in &overview.largest_cascades {
        let spread = &cascade.spread;
        line!(
            page,
            "  {} rows, depth {}, breadth {}, virality {:.2}: {}",
            spread.scale,
            spread.depth,
            spread.max_breadth,
            spread.structural_virality,
            in_a_line(&cascade.root, &clock)
        );
    }
    line!(page);
    page += &tables(&overview.tables);
    line!(page);
    let checkpoints: Vec<String> = overview.checkpoints.iter().map(Step::to_string).collect();
    line!(page, "checkpoints at steps: {}", or_none(&checkpoints.join(", ")));
    page
}

fn tables(tables: &[TableSize]) -> String {
    let mut page = format!("{:<12} {:>14} {:>14} {:>14}\n", "journal", "rows", "bytes", "bytes a row");
    for table in tables {
        let each = match table.rows {
            0 => "none".to_owned(),
            rows => format!("{:.2}", table.bytes as f64 / rows as f64),
        };
        let (rows, bytes) = (count_of(table.rows), count_of(table.bytes));
        line!(page, "  {:<10} {rows:>14} {bytes:>14} {each:>14}", table.name);
    }
    page
}

fn post_page(inspection: &Inspection<'_>, post: &PostPage) -> String {
    let clock = inspection.clock();
    let card = &post.card;
    let mut page = String::new();
    let gone = if card.exists { "" } else { ", deleted" };
    line!(
        page,
        "post {}: {} by {}, {}{gone}; {}",
        card.post,
        card.kind.name(),
        who(&card.author),
        when(card.created, &clock),
        as_of(inspection)
    );
    if let Some(parent) = post.parent {
        line!(page, "  made from post {parent}");
    }
    if let Some(original) = post.original.filter(|&original| post.parent != Some(original)) {
        line!(page, "  pointing at post {original}");
    }
    if let Some(topic) = &card.topic {
        line!(page, "  about {topic}, stance {:+.2}", card.stance.get());
    }
    line!(
        page,
        "  {} likes, {} dislikes, {} shares, {} comments, {} reports",
        card.likes,
        card.dislikes,
        card.shares,
        card.comments,
        card.reports
    );
    line!(page);
    for words in card.words.lines() {
        line!(page, "  {words}");
    }
    line!(page);
    line!(page, "thread: {} comments", post.thread.len());
    page += &some(&post.thread, MOST_LINES, |comment| comment_line(comment, &clock));
    line!(page);
    line!(page, "quotes: {}", post.quotes.len());
    page += &some(&post.quotes, MOST_LINES, |quote| in_a_line(quote, &clock));
    line!(page);
    let spread = &post.spread;
    line!(
        page,
        "cascade of post {}: scale {}, depth {}, breadth {}, virality {:.3}",
        post.root,
        spread.scale,
        spread.depth,
        spread.max_breadth,
        spread.structural_virality
    );
    page + &some(&post.tree, MOST_LINES, |row| tree_line(row, &clock))
}

fn comment_line(comment: &CommentCard, clock: &Clock) -> String {
    let CommentCard { comment: id, author, created, words, likes, dislikes } = comment;
    let (who, when, words) = (who(author), when(*created, clock), in_short(words));
    format!("comment {id} by {who}, {when}: {words} ({likes} likes, {dislikes} dislikes)")
}

fn tree_line(row: &TreeRow, clock: &Clock) -> String {
    let indent = "  ".repeat(row.depth as usize);
    format!("{indent}post {} by {}, {}", row.post, who(&row.author), when(row.created, clock))
}

fn agent_page(inspection: &Inspection<'_>, agent: &AgentPage) -> String {
    let clock = inspection.clock();
    let mut page = String::new();
    match &agent.profile {
        Some(profile) => {
            line!(
                page,
                "agent {}: {} ({}); {}",
                agent.agent,
                profile.user_name,
                profile.name,
                as_of(inspection)
            );
            line!(page, "  {}", in_short(&profile.bio));
        }
        None => {
            line!(page, "agent {}: not signed up; {}", agent.agent, as_of(inspection));
        }
    }
    if let Some(label) = &agent.label {
        line!(page, "  label: {label}");
    }
    line!(page, "  cares about: {}", or_none(&agent.interests.join(", ")));
    line!(page, "  follows {}: {}", agent.followees.len(), names(&agent.followees));
    line!(page, "  followed by {}: {}", agent.followers.len(), names(&agent.followers));
    line!(page);
    line!(page, "opinions");
    for path in &agent.opinions {
        line!(page, "  {}", opinion_line(path));
    }
    line!(page);
    let left_out = agent.deeds.len().saturating_sub(MOST_OF_AGENT);
    line!(
        page,
        "actions: {}{}",
        agent.deeds.len(),
        if left_out > 0 { format!(", the last {MOST_OF_AGENT}") } else { String::new() }
    );
    for deed in &agent.deeds[left_out..] {
        line!(page, "  {}", deed_line(deed, &clock));
    }
    line!(page);
    line!(page, "feed in step {}: {} rows", inspection.step(), agent.feed.len());
    for (rank, FeedRow { card, source }) in agent.feed.iter().enumerate() {
        line!(page, "  {rank} {}: {}", source.name(), in_a_line(card, &clock));
    }
    page
}

/// The opinion before the first step, some of its moves evenly spread, and the last.
fn opinion_line(path: &OpinionPath) -> String {
    let mut line = format!("{}: {:+.3} at first", path.topic, path.first.get());
    for OpinionMove { step, to } in spread_out(&path.moves, MOST_POINTS) {
        let _ = write!(line, ", {:+.3} after step {step}", to.get());
    }
    match path.moves.len() {
        0 => line + ", never moved",
        moves => line + &format!(" (moved {moves} times)"),
    }
}

/// At most `most` of `items` at even distances, the last among them.
fn spread_out<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let shown = items.len().min(most);
    (1..=shown).map(move |place| &items[place * items.len() / shown - 1])
}

fn deed_line(deed: &Deed, clock: &Clock) -> String {
    let mut line = format!("{}: {}", when(deed.step, clock), deed.kind.name());
    let abouts = [
        ("post", deed.post.map(|post| post.get())),
        ("comment", deed.comment.map(|comment| comment.get())),
        ("agent", deed.target.map(|agent| agent.0)),
    ];
    for (what, id) in abouts {
        if let Some(id) = id {
            let _ = write!(line, " {what} {id}");
        }
    }
    for (what, id) in [("post", deed.made_post), ("comment", deed.made_comment)] {
        if let Some(id) = id {
            let _ = write!(line, ", making {what} {id}");
        }
    }
    if let Some(words) = &deed.words {
        let _ = write!(line, ": {}", in_short(words));
    }
    match deed.refusal {
        Some(refusal) => line + &format!(" (refused: {})", refusal.name()),
        None => line,
    }
}

/// A post in a line.
fn in_a_line(card: &PostCard, clock: &Clock) -> String {
    let PostCard { post, kind, author, created, likes, shares, comments, .. } = card;
    let gone = if card.exists { "" } else { ", deleted" };
    format!(
        "post {post}, {} by {}, {}{gone}: {likes} likes, {shares} shares, {comments} comments: {}",
        kind.name(),
        who(author),
        when(*created, clock),
        in_short(&card.words)
    )
}

/// At most `most` items, a line each, and how many are left out.
fn some<T>(items: &[T], most: usize, line: impl Fn(&T) -> String) -> String {
    let mut page = String::new();
    for item in items.iter().take(most) {
        line!(page, "  {}", line(item));
    }
    if items.len() > most {
        line!(page, "  … and {} more", items.len() - most);
    }
    page
}

fn as_of(inspection: &Inspection<'_>) -> String {
    let step = inspection.step();
    format!("as step {step} ({}) begins", inspection.clock().label(step))
}

fn when(step: Step, clock: &Clock) -> String {
    format!("step {step} ({})", clock.label(step))
}

fn who(Who { agent, user_name }: &Who) -> String {
    match user_name.as_str() {
        "" => format!("agent {agent}"),
        name => format!("{name} (agent {agent})"),
    }
}

fn names(users: &[Who]) -> String {
    let some: Vec<String> = users.iter().take(MOST_OF_AGENT).map(who).collect();
    let left_out = users.len() - some.len();
    match left_out {
        0 => or_none(&some.join(", ")),
        _ => format!("{} and {left_out} more", some.join(", ")),
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

/// The words in one line, cut off where they become long.
fn in_short(words: &str) -> String {
    const MOST_LETTERS: usize = 120;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_spread_evenly_up_to_the_last() {
        let check = |count: u32, expected: &[u32]| {
            let items: Vec<u32> = (1..=count).collect();
            assert_eq!(spread_out(&items, 4).copied().collect::<Vec<_>>(), expected);
        };
        check(0, &[]);
        check(3, &[1, 2, 3]);
        check(8, &[2, 4, 6, 8]);
        check(9, &[2, 4, 6, 9]);
    }

    #[test]
    fn long_words_are_cut_and_long_lists_say_so() {
        assert_eq!(in_short("a\n b"), "a b");
        assert_eq!(in_short(&"ü".repeat(121)), format!("{}…", "ü".repeat(120)));
        assert_eq!(some(&[1, 2, 3], 2, i32::to_string), "  1\n  2\n  … and 1 more\n");
    }
}
