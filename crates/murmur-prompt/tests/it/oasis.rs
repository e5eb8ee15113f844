//! The personas and posts of OASIS's Reddit experiment, under `../shared` beside the repository, as scenes; and what a
//! request costs in tokens, counted by tiktoken's o200k_base.

use std::path::PathBuf;

use murmur_core::{AgentId, CommentId, PostId};
use murmur_prompt::{
    PromptConfig, PromptPlatform, Prompter, ReplyFormat, Scene, ShownComment, ShownPost, Sight,
};
use serde::Deserialize;
use tiktoken_rs::CoreBPE;

/// Tokens that a message costs besides its text.
pub(crate) const A_MESSAGE: usize = 4;

/// A memory of 80 tokens by o200k_base, the most that there may be.
pub(crate) const MEMORY: &str = "Yesterday you liked 'Denmark is affiliated with FIFA' by ryantechsavvy22 and wrote under it: 'finally \
    somebody says it, the federation has been there since 1904'. emma_logistics_guru answered you. You disliked a post \
    about lettuce playing jazz. You often argue about football, markets and travel, and people mostly agree with you. \
    Two of your comments got likes";

#[derive(Clone, Deserialize)]
pub(crate) struct User {
    pub(crate) realname: String,
    pub(crate) username: String,
    pub(crate) bio: String,
    pub(crate) persona: String,
}

#[derive(Deserialize)]
struct Counterfactual {
    #[serde(rename = "RS")]
    post: Submission,
    #[serde(rename = "RC_1")]
    comment: Comment,
}

#[derive(Deserialize)]
struct Submission {
    selftext: String,
}

#[derive(Deserialize)]
struct Comment {
    body: String,
}

pub(crate) fn file(name: &str) -> Option<String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../../shared/oasis/data", name].iter().collect();
    std::fs::read_to_string(path).ok()
}

/// The 36 users, or `None` where the data is absent.
pub(crate) fn users() -> Option<Vec<User>> {
    Some(serde_json::from_str(&file("user_data_36.json")?).unwrap())
}

/// What each of the 36 users is shown: five posts with texts of the experiment, three comments under two of them.
pub(crate) fn sights(users: &[User]) -> Option<Vec<Sight>> {
    let all: Vec<Counterfactual> = serde_json::from_str(&file("counterfactual_36.json")?).unwrap();
    let mut comments = 0;
    let mut comment = |place: usize| {
        comments += 1;
        let user = &users[(place * 5 + comments) % users.len()];
        ShownComment {
            comment: CommentId::from_index(comments),
            author_name: user.username.as_str().into(),
            text: all[place % all.len()].comment.body.clone(),
            likes: place as u32 % 4,
            dislikes: 0,
        }
    };
    let mut post = |place: usize| {
        let author = place * 7 % users.len();
        ShownPost {
            post: PostId::from_index(place),
            author: AgentId(author as u32),
            author_name: users[author].username.as_str().into(),
            text: all[place % all.len()].post.selftext.clone(),
            likes: (place * 13 % 40) as u32,
            dislikes: (place * 5 % 9) as u32,
            shares: (place % 3) as u32,
            age_minutes: (place * 37 % 1500) as u32,
            reposted_by: None,
            follows_author: place.is_multiple_of(4),
            warning: None,
            labels: Vec::new(),
            note: None,
            asks_before_sharing: false,
            mine: false,
            comments: match place % 5 {
                0 => vec![comment(place)],
                3 => vec![comment(place), comment(place + 1)],
                _ => Vec::new(),
            },
        }
    };
    let sight = |user: usize, post: &mut dyn FnMut(usize) -> ShownPost| Sight {
        posts: (user * 5..user * 5 + 5).map(post).collect(),
        ..Sight::default()
    };
    Some((0..users.len()).map(|user| sight(user, &mut post)).collect())
}

pub(crate) fn config() -> PromptConfig {
    PromptConfig { platform: PromptPlatform::Reddit, ..PromptConfig::default() }
}

/// What a request of one user costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Everything that is sent.
    pub(crate) total: usize,
    /// What is not the same for all users.
    pub(crate) own: usize,
}

/// The costs of each user's request in a format, with its turn.
pub(crate) fn costs(format: ReplyFormat, o200k: &CoreBPE) -> Option<Vec<(Cost, String)>> {
    let users = users()?;
    let prompter = Prompter::new(&config(), format).unwrap();
    let count = |text: &str| o200k.encode_ordinary(text).len();
    let forms = [prompter.tools(), prompter.tool_choice(), prompter.response_format()];
    let forms: usize = forms.into_iter().flatten().map(|json| count(json.get())).sum();
    let shared = A_MESSAGE + count(prompter.system()) + forms;
    let cost = |(user, sight): (&User, &Sight)| {
        let persona = format!("{} {}", user.bio, user.persona);
        let scene = Scene {
            user_name: &user.username,
            name: &user.realname,
            persona: &persona,
            opinions: &[],
            feelings: &[],
            messages: &[],
            time: "Day 3, 14:05",
            memory: MEMORY,
            sight,
        };
        let turn = prompter.turn(&scene).unwrap();
        let own = A_MESSAGE + count(&turn);
        (Cost { total: shared + own, own }, turn)
    };
    let sights = sights(&users)?;
    Some(users.iter().zip(&sights).map(cost).collect())
}
