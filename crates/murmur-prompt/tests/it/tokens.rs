//! The estimate of tokens against real tokenizers, on real personas and posts (`../shared/oasis/data` beside the
//! repository, passed over where that is absent) and on odd strings.

use std::sync::LazyLock;

use crate::oasis;
use murmur_prompt::{clip, tokens};
use tiktoken_rs::{CoreBPE, cl100k_base, o200k_base};

/// o200k_base and cl100k_base.
static TOKENIZERS: LazyLock<[CoreBPE; 2]> = LazyLock::new(|| [o200k_base().unwrap(), cl100k_base().unwrap()]);

/// What the estimate was on some texts.
#[derive(Default, Debug)]
struct Figures {
    texts: usize,
    /// Texts with more tokens than estimated, by the tokenizer that makes more of them.
    under: usize,
    /// By how many tokens, at most.
    worst: i64,
    /// Sums.
    estimated: i64,
    o200k: i64,
    cl100k: i64,
}

fn figures<'a>(texts: impl IntoIterator<Item = &'a str>) -> Figures {
    let [o200k, cl100k] = &*TOKENIZERS;
    let mut figures = Figures::default();
    for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
        let (a, b) = (o200k.encode_ordinary(text).len() as i64, cl100k.encode_ordinary(text).len() as i64);
        let estimate = i64::from(tokens(text));
        figures.texts += 1;
        figures.under += usize::from(estimate < a.max(b));
        figures.worst = figures.worst.max(a.max(b) - estimate);
        figures.estimated += estimate;
        figures.o200k += a;
        figures.cl100k += b;
    }
    figures
}

/// Texts, the share of them that may be estimated too low, by how much, and how far too high they may be together.
fn check(name: &str, texts: &[&str], most_under: f64, worst: i64, most_over: f64) {
    let found = figures(texts.iter().copied());
    let over = found.estimated as f64 / found.o200k.max(found.cl100k) as f64 - 1.0;
    let under = found.under as f64 / found.texts.max(1) as f64;
    eprintln!("{name}: {:.1} % too high, {:.1} % of texts too low; {found:?}", over * 100.0, under * 100.0);
    assert!(under <= most_under && found.worst <= worst && over <= most_over, "{name}: {over} {found:?}");
}

fn column(file: &str, name: &str) -> Option<Vec<String>> {
    let text = oasis::file(file)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let place = reader.headers().unwrap().iter().position(|header| header == name).unwrap();
    Some(reader.records().map(|row| row.unwrap()[place].to_owned()).collect())
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[test]
fn real_personas_and_posts_are_estimated_a_little_too_high() {
    let Some(users) = oasis::users() else {
        eprintln!("passed over: ../shared/oasis/data is absent");
        return;
    };
    let personas: Vec<String> = users.iter().map(|user| format!("{} {}", user.bio, user.persona)).collect();
    let tweets = column("twitter_all_topics.csv", "source_tweet").unwrap();
    let accounts = column("twitter_polarization_197_progressive.csv", "user_char").unwrap();
    let sights = oasis::sights(&users).unwrap();
    let posts: Vec<&str> =
        sights.iter().flat_map(|sight| &sight.posts).map(|post| post.text.as_str()).collect();
    check("personas", &refs(&personas), 0.0, 0, 0.25);
    check("accounts", &refs(&accounts), 0.02, 3, 0.25);
    check("tweets", &refs(&tweets), 0.12, 4, 0.25);
    check("posts", &posts, 0.05, 3, 0.25);
}

#[test]
fn odd_strings_are_not_estimated_too_low() {
    check(
        "German",
        &[
            "Die Bundesregierung hat am Mittwoch ein neues Gesetz zur Förderung erneuerbarer Energien beschlossen, das bereits im kommenden Jahr in Kraft treten soll.",
            "Ich finde es ehrlich gesagt unmöglich, wie die Bahn mit ihren Fahrgästen umgeht. Schon wieder eine Stunde Verspätung und niemand sagt etwas!",
            "Der Donaudampfschifffahrtsgesellschaftskapitän wohnt in einem Mehrfamilienhaus am Stadtrand von Regensburg.",
            "Wer gestern beim Spiel war, weiß, dass die Mannschaft völlig verdient verloren hat. Der Trainer muss gehen.",
            "Kann mir jemand sagen, warum die Straßenbahn heute nicht fährt? Am Hauptbahnhof stehen hunderte Leute herum.",
            "Krankenversicherungsbeiträge steigen erneut, und die Arbeitgeberverbände warnen vor den Folgen.",
            "Guten Morgen zusammen, heute gibt es frische Brötchen und Kaffee.",
        ],
        0.0,
        0,
        0.25,
    );
    check(
        "French",
        &[
            "Je ne comprends pas pourquoi le gouvernement refuse toujours de négocier avec les syndicats, c'est vraiment décevant.",
            "Aujourd'hui il fait un temps magnifique à Paris, on en profite pour se promener le long de la Seine.",
        ],
        0.0,
        0,
        0.5,
    );
    check(
        "Spanish",
        &[
            "No puedo creer que hayan vuelto a subir los precios de la luz, esto es una vergüenza para todos los españoles.",
            "Mañana empieza el campeonato y nuestro equipo todavía no tiene entrenador.",
        ],
        0.0,
        0,
        0.5,
    );
    check(
        "languages with long words",
        &[
            "Eduskunta hyväksyi eilen uuden lain, joka helpottaa työntekijöiden arkea merkittävästi.",
            "Bugün hava çok güzel, arkadaşlarımla parka gidip kitap okuyacağız.",
            "Wczoraj wieczorem spotkaliśmy się ze znajomymi w kawiarni na rynku.",
        ],
        0.34,
        1,
        0.25,
    );
    check(
        "Chinese, Japanese, Korean",
        &[
            "今天天气很好，我们一起去公园散步吧。",
            "政府昨天宣布了新的经济刺激计划，市场反应积极。",
            "今日はとても良い天気ですね。公園に散歩に行きましょう。",
            "東京オリンピックの開会式が昨日行われました。",
            "오늘 날씨가 정말 좋네요. 같이 공원에 산책하러 가요.",
            "정부는 어제 새로운 경제 정책을 발표했다.",
        ],
        0.0,
        0,
        0.5,
    );
    check(
        "other scripts",
        &[
            "Правительство вчера объявило о новых мерах поддержки экономики.",
            "Η κυβέρνηση ανακοίνωσε χθες νέα μέτρα στήριξης.",
            "أعلنت الحكومة أمس عن إجراءات جديدة لدعم الاقتصاد.",
            "הממשלה הודיעה אתמול על צעדים חדשים לתמיכה בכלכלה.",
            "सरकार ने कल अर्थव्यवस्था के लिए नए उपायों की घोषणा की।",
            "รัฐบาลประกาศมาตรการใหม่เมื่อวานนี้",
            "Chính phủ hôm qua đã công bố các biện pháp mới.",
        ],
        0.0,
        0,
        0.8,
    );
    check(
        "addresses",
        &[
            "https://t.co/AbC9dEfGhi",
            "Look at this https://www.theguardian.com/world/2024/mar/05/some-long-article-slug-here?utm_source=tw&utm_medium=social#top",
            "http://bit.ly/2kXyZq1 via @nytimes",
            "https://example.org/path/to/file_name-v2.3.html",
            "pic.twitter.com/Xk39ZqLmW1 RT @BBCBreaking: more soon",
        ],
        0.0,
        0,
        0.7,
    );
    check(
        "numbers",
        &[
            "12345678901234567890",
            "3.14159 2.71828 1.41421",
            "On 2024-03-05 at 14:35:59, 1,234,567 users paid $12.99 (+3.5%)",
            "1 2 3 4 5 6 7 8 9 10",
            "+49 (0)170 1234567",
            "0xDEADBEEF 0b1011",
        ],
        0.0,
        0,
        0.25,
    );
    check(
        "emoji",
        &[
            "😂😂😂😂",
            "🔥 lit 🔥🔥",
            "I ❤️ you 👩‍👩‍👧‍👦 👍🏽",
            "🇩🇪🇺🇸🏳️‍🌈",
            "✨⭐️☀️☔️♻️",
            "Great day 😊! See you soon 🙏🎉",
        ],
        0.0,
        0,
        0.6,
    );
    check(
        "code",
        &[
            "fn main() { let x: Vec<u32> = (0..10).map(|i| i * i).collect(); println!(\"{:?}\", x); }",
            "for (let i = 0; i < arr.length; i++) { console.log(arr[i]); }",
            "SELECT user_id, COUNT(*) FROM posts WHERE created_at > '2024-01-01' GROUP BY user_id HAVING COUNT(*) > 3;",
            "def f(x):\n    return {k: v for k, v in x.items() if v is not None}\n",
            "{\"actions\":[{\"action\":\"like_post\",\"number\":2},{\"action\":\"create_comment\",\"number\":1,\"text\":\"No way!\"}]}",
            "<div class=\"a\"><p>Hello &amp; welcome</p></div>",
        ],
        0.0,
        0,
        0.6,
    );
    check(
        "slang",
        &[
            "lmaooo no waaaaay thats craaazy bruhhhh",
            "smh tbh idk wtf ngl fr fr",
            "OMG THIS IS SO UNFAIR WHY WOULD THEY DO THAT",
            "#ThrowbackThursday #MakeAmericaGreatAgain #blacklivesmatter",
            "@realDonaldTrump @POTUS @elonmusk u all suck",
            "!!!!!!!!!!!!!!!",
            "...... ??? !?!?",
            "-----======*****",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "xkcdqwzvbnmplkjhgfd",
        ],
        0.2,
        1,
        0.5,
    );
    assert_eq!(tokens(""), 0);
}

#[test]
fn what_is_clipped_is_within_its_budget_and_ends_with_a_word() {
    let check = |text: &str, most: u32, expected: &str| {
        assert_eq!(clip(text, most), expected);
        assert!(tokens(&clip(text, most)) <= most, "{text}");
    };
    check("short", 5, "short");
    check("The cat sat on the mat and looked at the moon.", 8, "The cat sat on the…");
    check("今天天气很好，我们一起去公园散步吧。", 8, "今天天气…");
    check("https://example.org/a/very/long/address/without/a/space", 8, "https://exa…");
    check("several words", 2, "…");
    check("", 0, "");
}

proptest::proptest! {
    #[test]
    fn clipping_keeps_a_beginning_within_the_budget(text in "\\PC{0,200}|([a-zA-Z]{1,12}[ .,\n]){0,60}", most in 2_u32..60) {
        let clipped = clip(&text, most);
        let kept = clipped.strip_suffix('…').unwrap_or(&clipped);
        proptest::prop_assert!(text.starts_with(kept));
        proptest::prop_assert!(tokens(&clipped) <= most, "{} > {most}: {clipped:?}", tokens(&clipped));
    }
}
