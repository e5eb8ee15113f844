//! Lines of OASIS's `trace` table: what it notes of each action, as Python's `json.dumps` writes it.

use std::borrow::Cow;
use std::io;

use murmur_core::{Action, AgentId, Event, Found, Outcome, PostId, Profile, ProfileEdit, Refusal};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use crate::{Naming, PostView, Public};

/// The `info` of an event's line, right after `public` carried it out; `None` if OASIS does not trace it.
pub(crate) fn info(public: &Public, event: &Event, naming: &Naming) -> Option<String> {
    let searched = matches!(event.action, Action::SearchPosts(_) | Action::SearchUser(_));
    match event.outcome {
        Outcome::Refused(Refusal::NothingFound) if searched => {}
        Outcome::Refused(_) => return None,
        _ => {}
    }
    note(public, event, naming).map(|note| python_json(&note))
}

/// The `info` of a user's signing up.
pub(crate) fn sign_up_info(agent: AgentId, profile: &Profile, naming: &Naming) -> String {
    python_json(&Note::sign_up(agent, profile, naming))
}

/// What OASIS notes of an action, in its names and order.
#[derive(Serialize)]
#[serde(untagged)]
enum Note<'a> {
    Nothing {},
    SignUp { name: Cow<'a, str>, user_name: Cow<'a, str>, bio: &'a str },
    Content { content: Cow<'a, str>, post_id: u32 },
    Repost { reposted_id: u32, new_post_id: u32 },
    Quote { quoted_id: u32, new_post_id: u32 },
    Post { post_id: u32 },
    Comment { content: Cow<'a, str>, comment_id: u32 },
    Like { post_id: u32, like_id: u32 },
    Dislike { post_id: u32, dislike_id: u32 },
    CommentLike { comment_id: u32, comment_like_id: u32 },
    CommentDislike { comment_id: u32, comment_dislike_id: u32 },
    Report { post_id: u32, report_id: u32 },
    Follow { follow_id: u32 },
    Unfollow { followee_id: u32 },
    Mute { mutee_id: u32 },
    Block { blockee_id: u32 },
    Search { query: Cow<'a, str> },
    Shown { posts: Vec<PostView> },
    Purchase { product_name: &'a str, purchase_num: u32 },
    NewGroup { group_id: u32, group_name: Cow<'a, str> },
    Group { group_id: u32 },
    Message { group_id: u32, message_id: u32, content: Cow<'a, str> },
    Verdict { post_id: u32, is_helpful: bool },
    Profile(Changes<'a>),
}

/// The fields of a profile that were changed.
#[derive(Serialize)]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<&'a str>,
}

impl<'a> Note<'a> {
    fn sign_up(agent: AgentId, profile: &'a Profile, naming: &Naming) -> Self {
        Self::SignUp {
            name: naming.name(agent, &profile.name),
            user_name: naming.name(agent, &profile.user_name),
            bio: naming.bio(&profile.bio),
        }
    }

    fn changes(agent: AgentId, edit: &'a ProfileEdit, naming: &Naming) -> Self {
        Self::Profile(Changes {
            user_name: edit.user_name.as_deref().map(|name| naming.name(agent, name)),
            name: edit.name.as_deref().map(|name| naming.name(agent, name)),
            bio: edit.bio.as_deref().map(|bio| naming.bio(bio)),
        })
    }
}

fn note<'a>(public: &Public, event: &'a Event, naming: &Naming) -> Option<Note<'a>> {
    let root = |post: PostId| public.posts().root(post).get();
    let made = made_id(&event.outcome);
    Some(match &event.action {
        Action::CreatePost(draft) => {
            Note::Content { content: naming.words(public.render(&draft.text)), post_id: made }
        }
        Action::Repost(post) => Note::Repost { reposted_id: post.get(), new_post_id: made },
        Action::QuotePost(post, _) => Note::Quote { quoted_id: post.get(), new_post_id: made },
        Action::DeletePost(post) => Note::Post { post_id: post.get() },
        Action::CreateComment(_, draft) => {
            Note::Comment { content: naming.words(public.render(&draft.text)), comment_id: made }
        }
        Action::LikePost(post) | Action::UnlikePost(post) => {
            Note::Like { post_id: root(*post), like_id: made }
        }
        Action::DislikePost(post) | Action::UndoDislikePost(post) => {
            Note::Dislike { post_id: root(*post), dislike_id: made }
        }
        Action::LikeComment(comment) | Action::UnlikeComment(comment) => {
            Note::CommentLike { comment_id: comment.get(), comment_like_id: made }
        }
        Action::DislikeComment(comment) | Action::UndoDislikeComment(comment) => {
            Note::CommentDislike { comment_id: comment.get(), comment_dislike_id: made }
        }
        Action::ReportPost(post, _) => Note::Report { post_id: post.get(), report_id: made },
        Action::Follow(_) => Note::Follow { follow_id: made },
        Action::Unfollow(other) => Note::Unfollow { followee_id: other.0 },
        Action::Mute(other) | Action::Unmute(other) => Note::Mute { mutee_id: other.0 },
        Action::Block(other) | Action::Unblock(other) => Note::Block { blockee_id: other.0 },
        Action::SearchPosts(query) | Action::SearchUser(query) => Note::Search { query: naming.query(query) },
        Action::Trend | Action::Refresh => {
            let posts = found_posts(&event.outcome).iter();
            Note::Shown {
                posts: posts.map(|&post| naming.view(public.view_for(event.agent, post))).collect(),
            }
        }
        Action::DoNothing => Note::Nothing {},
        Action::PurchaseProduct(name, number) => Note::Purchase { product_name: name, purchase_num: *number },
        Action::CreateGroup(name) => Note::NewGroup { group_id: made, group_name: naming.words(&**name) },
        Action::JoinGroup(group) | Action::LeaveGroup(group) => Note::Group { group_id: group.get() },
        Action::SendToGroup(group, content) => {
            Note::Message { group_id: group.get(), message_id: made, content: naming.words(&**content) }
        }
        Action::EditProfile(edit) => Note::changes(event.agent, edit, naming),
        Action::RateNote(post, is_helpful) => Note::Verdict { post_id: root(*post), is_helpful: *is_helpful },
        Action::SignUp(profile) => Note::sign_up(event.agent, profile, naming),
        Action::ListenFromGroup | Action::Interview(_) | Action::SignUpProduct(..) | Action::Moderate(_) => {
            return None;
        }
    })
}

/// The id that the outcome names; 0 if it names none.
fn made_id(outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Posted(post) => post.get(),
        Outcome::Commented(comment) => comment.get(),
        Outcome::Recorded(row) => row.get(),
        Outcome::Grouped(group) => group.get(),
        Outcome::Sent(sent) => sent.message.get(),
        Outcome::Done | Outcome::Found(_) | Outcome::Refused(_) => 0,
    }
}

fn found_posts(outcome: &Outcome) -> &[PostId] {
    match outcome {
        Outcome::Found(found) => match &**found {
            Found::Posts(posts) => posts,
            Found::Users(_) | Found::Groups(_) => &[],
        },
        _ => &[],
    }
}

/// `value` in the form of Python's `json.dumps`: a blank after commas and colons, only ASCII.
fn python_json(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PythonForm);
    value.serialize(&mut serializer).expect("plain data has a JSON form");
    String::from_utf8(text).expect("JSON in ASCII")
}

struct PythonForm;

impl Formatter for PythonForm {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for c in fragment.chars() {
            if c.is_ascii() && c != '\u{7f}' {
                writer.write_all(&[c as u8])?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let text: &[u8] = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"\\/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04x}"),
        };
        writer.write_all(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_as_python_writes_them() {
        let profile =
            Profile { user_name: "a\"b".into(), name: "Zoë 🦊".into(), bio: "one\ntwo\u{1}\u{7f}".into() };
        // json.dumps({"name": "Zoë 🦊", "user_name": "a\"b", "bio": "one\ntwo\x01\x7f"})
        let expected =
            r#"{"name": "Zo\u00eb \ud83e\udd8a", "user_name": "a\"b", "bio": "one\ntwo\u0001\u007f"}"#;
        assert_eq!(sign_up_info(AgentId(0), &profile, &Naming::Real), expected);
        assert_eq!(python_json(&Note::Nothing {}), "{}");
    }
}
