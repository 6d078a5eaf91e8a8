"""The two tokenizers, trained on our own corpus, in the Hugging Face tokenizers format.

The trainer of WordPiece numbers letters in the order of a hash table, so two runs differ. The shipped tokenizer.json
files are therefore the input of the other steps; running this one means training everything anew.
"""

from __future__ import annotations

import string
from collections.abc import Iterable

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from .lists import expand, read_animals, read_frames, read_moods
from .paths import ENCODER, LM, SEED
from .sentences import training_pool
from .stories import documents

ENCODER_VOCABULARY = 4000
LM_VOCABULARY = 4096
MAX_SENTENCE_TOKENS = 128

# Stripping accents decomposes Hangul into these, so no syllable is unknown and 졸린, 졸려 and 졸음 share a prefix.
JAMO = "".join(map(chr, [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))


def wordpiece(corpus: Iterable[str]) -> Tokenizer:
    """Lower-cased WordPiece with BERT's normaliser and pre-tokeniser: [PAD] [UNK] [CLS] [SEP] [MASK] are 0 to 4."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    letters = string.ascii_lowercase + string.digits + JAMO
    # A letter enters the vocabulary in continuing form only if it is seen inside a word.
    inside = [f"a{letter}" for letter in letters]
    tokenizer.train_from_iterator(
        [*corpus, " ".join(inside)],
        trainers.WordPieceTrainer(
            vocab_size=ENCODER_VOCABULARY,
            min_frequency=2,
            special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            initial_alphabet=list(letters),
            limit_alphabet=2000,
            show_progress=False,
        ),
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(MAX_SENTENCE_TOKENS)
    return tokenizer


def byte_level_bpe(corpus: Iterable[str]) -> Tokenizer:
    """Byte-level BPE, so every text round-trips: <pad> <bos> <eos> are 0 to 2, and encoding puts <bos> in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=LM_VOCABULARY,
            min_frequency=2,
            special_tokens=["<pad>", "<bos>", "<eos>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", 1)]
    )
    return tokenizer


def main() -> None:
    moods, frames, animals = read_moods(), read_frames(), read_animals()
    cues = [
        sentence
        for mood in moods
        for (_, split), rows in mood.cues.items()
        if split == "train"
        for row in rows
        for sentence in expand(row)
    ]
    words = [word for mood in moods for group in mood.words.values() for word in group]
    forms = [form for mood in moods for adjective in mood.adjectives for form in adjective[1:]]
    pool = [sentence.text for sentence in training_pool(moods, frames, 75, SEED)]
    for folder, tokenizer in (
        (ENCODER, wordpiece([*cues, *(words + forms) * 2, *pool])),
        # Names that few documents hold still get tokens of their own.
        (LM, byte_level_bpe([
            *documents(moods, "train", 12000, SEED),
            *(f" {name}" for name in [*forms, *(form for animal in animals for form in animal[1:])] * 20),
            *(f" {word}" for word in words * 3),
            *(f" {cue}" for cue in cues),
        ])),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    main()
