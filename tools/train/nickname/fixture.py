"""Records the token ids of a few hundred sentences, for the test that Node tokenises alike."""

from __future__ import annotations

import json
import random

from tokenizers import Tokenizer

from .lists import LANGUAGES, read_animals, read_frames, read_moods
from .paths import ENCODER, LM, SEED, TOOL
from .sentences import evaluation_set
from .stories import document

FIXTURE = TOOL / "data" / "token-ids.json"
ODD = (
    "", " ", "a", "나", "ㅋㅋㅋㅋ ㅠㅠ", "Sleepy OTTER", "  two  spaces ", "tab\tand\nnewline", "don't, can't; it's",
    "café naïve Zürich", "졸린 otter 🦦", "😴😴😴", "👩‍👩‍👧‍👦 family", "❤️ vs ❤", "🇰🇷 한국", "👍🏽 thumbs", "日本語と中文",
    "100% of 3.14 is $2", "http://example.com/a?b=c#d", "[CLS] is text", "<eos> is text", "뷁쉙꿻 rare syllables",
    "각 and \u1100\u1161\u11a8, composed and decomposed", "ﬁne ﬂour ligatures", "İstanbul ẞ", "\u200bzero\u200bwidth\ufeff", "…—“quotes”",
    "ＦＵＬＬ　ｗｉｄｔｈ", "x" * 120, "감사합니다!!! 정말정말정말",
)


def main() -> None:
    rng, moods, animals, frames = random.Random(SEED), read_moods(), read_animals(), read_frames()
    held_out = [row.text for row in evaluation_set(moods, frames)][::3]
    emoji = ("", "", "", " 😴", " 🎉!", " ❤️", "🦦")
    mixed = [f"{en} {ko}{rng.choice(emoji)}" for en, ko in zip(held_out[:60], held_out[-60:], strict=True)]
    documents = [document(rng, rng.choice(moods), lang, "test", animals, frames) for lang in LANGUAGES for _ in range(20)]
    texts = [*ODD, *held_out, *mixed, *documents]
    encoder, lm = (Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (ENCODER, LM))
    encoder.no_truncation()
    for text in texts:
        # Special tokens that stand in the text are dropped by decoding, so those two are left out.
        if "<eos>" not in text and lm.decode(lm.encode(text).ids) != text:
            raise ValueError(f"does not round-trip: {text!r}")
    rows = [{"text": text, "encoder": encoder.encode(text).ids, "lm": lm.encode(text).ids} for text in texts]
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    FIXTURE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
