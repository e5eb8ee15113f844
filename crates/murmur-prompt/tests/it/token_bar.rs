//! What requests cost, counted by a real tokenizer. It needs `../shared/oasis/data` beside the repository and is passed
//! over where that is absent.

use crate::oasis;
use murmur_prompt::{PromptPlatform, ReplyFormat, tokens};

#[test]
fn requests_of_the_reddit_personas_keep_within_700_tokens_and_half_of_it_unshared() {
    let o200k = tiktoken_rs::o200k_base().unwrap();
    assert_eq!(o200k.encode_ordinary(oasis::MEMORY).len(), 80);
    let config = oasis::config();
    assert_eq!((config.platform, config.posts, config.kinds().len()), (PromptPlatform::Reddit, 5, 13));
    let check = |format, most_total: usize, most_own: usize| {
        let Some(costs) = oasis::costs(format, &o200k) else {
            eprintln!("passed over: ../shared/oasis/data is absent");
            return;
        };
        assert_eq!(costs.len(), 36);
        for (cost, turn) in costs {
            assert!(cost.total <= most_total && cost.own <= most_own, "{format:?}: {cost:?} for {turn}");
            assert!(tokens(&turn) as usize >= cost.own - oasis::A_MESSAGE, "estimated too low: {turn}");
            // Neither is it met by showing nothing.
            assert!(cost.own >= 280 && turn.contains("\n5 ") && turn.contains(oasis::MEMORY), "{turn}");
        }
    };
    check(ReplyFormat::default(), 700, 350);
    check(ReplyFormat::Lines, 500, 350);
    check(ReplyFormat::Tools, 950, 350);
}
