"""The model cards, from the figures that evaluate measured."""

from __future__ import annotations

from typing import Any

Figures = dict[str, Any]

LABELS = {
    "random": "random ranking",
    "token_overlap": "token overlap with the training texts that name the adjective",
    "tfidf_centroid": "TF-IDF centroid of each mood (knows the labels)",
    "teacher": "teacher, fp32 (not shipped)",
    "alone": "student without distillation, fp32 (not shipped)",
    "student_fp32": "**distilled student, fp32** (`model.onnx`)",
    "student_int8": "**distilled student, int8** (`model_int8.onnx`)",
}


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def files(figures: Figures) -> str:
    rows = [[f"`{name}`", f"{size:,}"] for name, size in figures["bytes"].items() if name != "MODEL_CARD.md"]
    return table(["File", "Bytes"], rows)


def encoder_card(figures: Figures) -> str:
    recall, times, parameters = figures["recall_at_5"], figures["times"], figures["parameters"]
    dev = figures["dev_recall_at_5"]
    quality = table(
        ["Ranking", "English", "Korean", "English, dev", "Korean, dev"],
        [
            [label, *(f"{split[name][lang]:.3f}" if name in split else "" for split in (recall, dev) for lang in ("en", "ko"))]
            for name, label in LABELS.items()
        ],
    )
    student = recall["student_fp32"]
    gain = {lang: recall["student_fp32"][lang] - recall["alone"][lang] for lang in ("en", "ko")}
    dev_gain = {lang: dev["student_fp32"][lang] - dev["alone"][lang] for lang in ("en", "ko")}
    cost = table(
        ["Model", "Parameters", "Wall seconds", "CPU seconds"],
        [[n, f"{parameters[n]:,}", str(times[n]["seconds"]), str(times[n]["cpu_seconds"])] for n in times],
    )
    return f"""# nickname-encoder

Turns a sentence about a mood, English or Korean, into a vector whose nearest adjectives name that mood. Trained from scratch by `tools/train` on word lists and sentences written for this repository; nothing was downloaded and no other text was used.

Inputs `input_ids`, `attention_mask`, int64 [batch, sequence]; output `last_hidden_state`, float32 [batch, sequence, 128]. Mean over the attention mask, then scale to length one. At most 128 tokens, [CLS] and [SEP] included. The tokenizer lower-cases and decomposes Hangul into jamo (BERT's `strip_accents`), so no syllable is unknown. `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[SEP]` 3, `[MASK]` 4.

`adjectives.json` holds 162 adjectives, six for each of 27 moods, and `animals.json` 96 animals. Embed the bare form: `sleepy` for English, `졸린` for Korean.

## Quality

Recall@5 on 432 test sentences: 108 cues in each language, each bare and inside a wrapper, where neither cue nor wrapper occurs in training. Gold is the set of six adjectives of the sentence's mood; recall@5 is |five nearest ∩ gold| / 5, averaged. An adjective is ranked in the language of the sentence. Recipes were compared by training loss and by the dev cues, which are harder; the test figures of two discarded runs were seen on the way.

{quality}

Across languages, distilled student fp32: English sentence to Korean adjectives {student['en_to_ko']:.3f}, Korean sentence to English adjectives {student['ko_to_en']:.3f}.

Distillation changes recall@5 by {gain['en']:+.3f} (English) and {gain['ko']:+.3f} (Korean) against the same student, seed and steps without it, and on the dev cues by {dev_gain['en']:+.3f} and {dev_gain['ko']:+.3f}. One run of each; with 108 test cues (54 dev cues) a language, the standard error of a figure is about 0.03 (0.06). So no benefit of distillation is shown.

## Limits

The same hand wrote the training and the test cues, so a stranger's sentence scores lower than the table says. A mood outside the 27 gets the nearest of them. Negation was not tested. TF-IDF is given the mood labels and ranks whole moods, which the encoder does not; it cannot embed an adjective that it was not told about.

fp32 gives a sentence the same vector alone and in a padded batch (below 1e-5). int8 quantises activations per run, so the company in a batch shifts a vector component by a few thousandths.

## Training

{cost}

On two cores shared with other work: the CPU seconds are the fair figure. Supervised contrastive loss of sentences against adjectives and against each other, both languages in every batch; the distilled student also imitates the teacher's similarities. ONNX and torch differ by at most {figures['onnx_torch_max_difference']:.1e}.

## Files

{files(figures)}
"""


def lm_card(figures: Figures) -> str:
    perplexity, times = figures["perplexity"], figures["times"]
    samples = "\n\n".join(
        f"Prompt, then {sample['tokens']} tokens:\n\n```\n{sample['prompt']}{sample['completion']}\n```"
        for sample in figures["samples"]
    )
    return f"""# nickname-lm

Continues `mood: …\\nnickname:` with a nickname and a short story, English or Korean: a decoder of {figures['parameters']:,} parameters to show streaming with. Trained from scratch by `tools/train` on documents composed from the lists of this repository.

One graph for prefill and decode. Inputs `input_ids`, `position_ids` int64 [batch, sequence], `attention_mask` int64 [batch, past + sequence], `past_key_values.{{0..3}}.{{key,value}}` float32 [batch, 4, past, 32], where past may be 0; outputs `logits` [batch, sequence, 4096], `present.{{0..3}}.{{key,value}}`. A row padded on either side gets `position_ids` that count its own tokens. `<pad>` 0, `<bos>` 1 (put in front by the tokenizer), `<eos>` 2; byte-level BPE, so every text round-trips. At most 256 positions; a document has {figures['tokens_a_document']} tokens on average, {figures['longest_document']} at most.

## Quality

Perplexity a token on 200 documents whose mood sentences are held out of training; their stories combine lines that training has seen, so this measures the format more than invention.

{table(["Model", "Perplexity"], [["unigram", f"{perplexity['unigram']:.1f}"], ["fp32", f"{perplexity['fp32']:.2f}"], ["int8", f"{perplexity['int8']:.2f}"]])}

## Greedy samples

{samples}

## Limits

The first adjective fits the mood of a held-out sentence in {figures['nickname_fit']['en']:.0%} of 108 English and {figures['nickname_fit']['ko']:.0%} of 108 Korean prompts (greedy): for a nickname that fits, use `nickname-encoder`. The animal sometimes changes between nickname and story.

It knows 27 moods and the sentences that stories are made of; on any other text it drifts back to them. It is a demonstration of serving, not a writer, and it follows no instructions.

Trained in about {times['cpu_seconds']} CPU seconds. ONNX and torch logits differ by at most {figures['onnx_torch_max_difference']:.1e}.

## Files

{files(figures)}
"""
