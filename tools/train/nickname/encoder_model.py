"""The sentence encoder: a small pre-norm transformer with mean pooling over the attention mask."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .vocabulary import ENCODER_VOCABULARY, MAX_SENTENCE_TOKENS


@dataclass(frozen=True)
class EncoderShape:
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int = ENCODER_VOCABULARY
    positions: int = MAX_SENTENCE_TOKENS


TEACHER = EncoderShape(hidden=256, layers=6, heads=8, inner=512)
STUDENT = EncoderShape(hidden=128, layers=3, heads=4, inner=512)


class Layer(nn.Module):
    def __init__(self, shape: EncoderShape, dropout: float) -> None:
        super().__init__()
        self.heads = shape.heads
        self.attention_norm = nn.LayerNorm(shape.hidden, eps=1e-5)
        self.query_key_value = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.attention_out = nn.Linear(shape.hidden, shape.hidden)
        self.inner_norm = nn.LayerNorm(shape.hidden, eps=1e-5)
        self.inner = nn.Linear(shape.hidden, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.hidden)
        self.dropout = nn.Dropout(dropout)
        # A new layer passes its input on, so that training starts from the mean of the token vectors.
        for last in (self.attention_out, self.outer):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        parts = self.query_key_value(self.attention_norm(x)).view(batch, length, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        x = x + self.dropout(self.attention_out(mixed.transpose(1, 2).reshape(batch, length, hidden)))
        return x + self.dropout(self.outer(F.gelu(self.inner(self.inner_norm(x)))))


class Encoder(nn.Module):
    """`input_ids`, `attention_mask` [batch, sequence] to `last_hidden_state` [batch, sequence, hidden]."""

    def __init__(self, shape: EncoderShape, dropout: float = 0.1) -> None:
        super().__init__()
        self.shape = shape
        self.token = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position = nn.Embedding(shape.positions, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.hidden, eps=1e-5)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.token.weight, std=0.05)
        nn.init.normal_(self.position.weight, std=0.01)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.token(input_ids) + self.position.weight[: input_ids.shape[1]]
        x = self.dropout(x)
        visible = attention_mask.bool()[:, None, None, :]
        for layer in self.layers:
            x = layer(x, visible)
        return self.norm(x)

    def pool(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Mean of the states over the mask, [batch, hidden]."""
        states = self(input_ids, attention_mask)
        mask = attention_mask[:, :, None].to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Sentence vectors of length one, [batch, hidden]."""
        return F.normalize(self.pool(input_ids, attention_mask), dim=-1)
