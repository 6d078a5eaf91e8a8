"""The texts of fixtures/reference.json, by what each of them is to catch."""

from __future__ import annotations

_SENTENCE = "The quick brown fox jumps over the lazy dog while the observers take notes. "

TEXTS: dict[str, str] = {
    # Short ones: all that a tokenizer makes of them is special tokens and a piece or two.
    "one letter": "a",
    "one digit": "7",
    "punctuation only": "?!",
    "all punctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "whitespace only": " \n\t ",
    "one word": "observability",
    # English, with near-duplicates that differ in case, a full stop, a word.
    "english": "Every millisecond of an inference request is accounted for.",
    "english upper case": "EVERY MILLISECOND OF AN INFERENCE REQUEST IS ACCOUNTED FOR.",
    "english without full stop": "Every millisecond of an inference request is accounted for",
    "english one word changed": "Every microsecond of an inference request is accounted for.",
    "english question": "How long did my request wait in the queue before it reached the model?",
    "english contraction": "It's the server's fault, isn't it? They'd've known.",
    "numbers": "p99 rose from 12.5 ms to 1,250 ms (x100) on 2026-11-22 at 03:14:15 UTC.",
    "address": "Write to ops@example.com or see https://example.com/runbooks/slo?id=42&tab=burn-rate#top.",
    "rare words": "Electroencephalographically speaking, antidisestablishmentarianism is floccinaucinihilipilification.",
    "one very long word": "x" * 130,
    # Korean: taken apart into jamo by the uncased normalizer.
    "korean": "모든 추론 요청의 시간을 빠짐없이 기록합니다.",
    "korean question": "대기열에서 얼마나 오래 기다렸나요?",
    "korean decomposed": "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "korean and english": "GPU 사용률이 95%를 넘으면 alert를 보내 주세요.",
    "korean near-duplicate": "모든 추론 요청의 시간을 빠짐없이 기록했습니다.",
    # Other scripts and what normalizers trip over.
    "japanese": "推論リクエストの待ち時間を計測する。",
    "chinese": "每一毫秒都有记录。",
    "arabic": "كل ميلي ثانية محسوبة.",
    "hindi": "हर मिलीसेकंड का हिसाब है।",
    "thai": "ทุกมิลลิวินาทีถูกบันทึกไว้",
    "russian": "Каждая миллисекунда учтена, даже ё.",
    "accents": "Çà et là, un naïf Œdipe mange une crème brûlée à l'île d'Yeu.",
    "combining accents": "e\u0301te\u0301 cafe\u0301",
    "case without counterpart": "İstanbul, Straße, ǅ, ﬁn, Ω",
    "full width": "Ｆｕｌｌ　ｗｉｄｔｈ　１２３",
    "emoji": "🚀 deployed 🎉 and then 🔥🔥🔥",
    "emoji joined": "👩\u200d💻 wrote it, 👨\u200d👩\u200d👧 approved it ❤\ufe0f 🇰🇷",
    "invisible": "zero\u200bwidth\u00a0and\u00adsoft\u2028break\ufeff",
    "control characters": "bell\u0007null\u0000replacement\ufffdend",
    # Layout and markup.
    "newlines": "first line\nsecond line\r\n\r\n\tindented   and    spaced   out  \n",
    "code": "def f(x: int) -> int:\n    return x ** 2  # O(1)\n\nassert f(3) == 9\n",
    "json": '{"model": "minilm", "input": ["a", "b"], "dimensions": null}',
    "special tokens": "[CLS] a literal [MASK] and [SEP] in the text ##ing [UNK]",
    # Longer ones; the last two are cut at 256 tokens.
    "a paragraph": (
        "The main thread only takes timestamps and hands work on. Models run in executors: a child process, which "
        "survives native crashes and hard deadlines, or a worker thread, which has the lowest latency. A telemetry "
        "worker turns closed records into spans, so that exports go on while the event loop is blocked, and the "
        "block itself is measured."
    ),
    "truncated": _SENTENCE * 40,
    "truncated korean": "요청이 들어오면 토큰으로 나누고 대기열에 넣은 뒤 모델을 실행합니다. " * 30,
}

# Of these the other ways of pooling are recorded too.
POOLED = ["one letter", "english", "korean and english", "truncated"]
