"""What is the language model? One decoder-only transformer, pre-norm, for every experiment that needs one.

A block adds  x <- x + b W_O att(norm(x)),  x <- x + b mlp(norm(x))  with the branch scale b; the head reads
`logit_scale` * W_U norm(x). No layer has a bias. Attention is torch's fused one; keys and values can be kept.

Initialisation: every matrix and embedding is N(0, init_std^2), norm gains are 1. With `scaled_residual`, the matrices
that write to the residual stream (W_O and the last one of the MLP) are N(0, init_std^2 / (2 layers)). An MLP made by a
factory keeps the initialisation that it gave itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class DecoderConfig:
    """The architecture.

    Attributes:
        vocabulary: number of tokens.
        context: longest sequence, in tokens.
        width: of the residual stream; `heads` divides it (and, with rotary positions, width / heads is even).
        layers, heads: numbers of blocks and of attention heads a block.
        hidden: units of the MLP; None: 4 width.
        norm: layer norm or root-mean-square norm.
        norm_gain: whether norms have a learned gain.
        positions: "rotary", "learned" or "none".
        qk_norm: whether queries and keys are normed (by `norm`, per head) before they meet.
        mlp: "gelu": W_2 gelu(W_1 x); "gated": W_2 (silu(W_g x) * W_1 x).
        tied: whether the head is the embedding.
        branch_scale, logit_scale: multipliers of what a branch adds, and of the logits.
        init_std: standard deviation of matrices and embeddings, > 0.
        scaled_residual: whether matrices that write to the residual stream start smaller by sqrt(2 layers).
        rotary_base: largest wavelength / 2 pi of rotary positions.
    """

    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int
    hidden: int | None = None
    norm: Literal["layer", "rms"] = "rms"
    norm_gain: bool = True
    positions: Literal["rotary", "learned", "none"] = "rotary"
    qk_norm: bool = False
    mlp: Literal["gelu", "gated"] = "gelu"
    tied: bool = False
    branch_scale: float = 1.0
    logit_scale: float = 1.0
    init_std: float = 0.02
    scaled_residual: bool = False
    rotary_base: float = 10_000.0

    def __post_init__(self) -> None:
        for name in ("vocabulary", "context", "width", "layers", "heads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)}; valid: at least 1")
        if self.hidden is not None and self.hidden < 1:
            raise ValueError(f"hidden = {self.hidden}; valid: at least 1, or None for 4 width")
        if self.width % self.heads:
            raise ValueError(f"heads = {self.heads} does not divide width = {self.width}")
        if self.positions == "rotary" and self.head_width % 2:
            raise ValueError(f"width / heads = {self.head_width} is odd; rotary positions turn pairs of coordinates")
        if self.init_std <= 0:
            raise ValueError(f"init_std = {self.init_std}; valid: > 0")

    @property
    def head_width(self) -> int:
        """Coordinates of one attention head."""
        return self.width // self.heads

    @property
    def hidden_width(self) -> int:
        """Units of the MLP."""
        return 4 * self.width if self.hidden is None else self.hidden


MlpFactory: TypeAlias = Callable[[DecoderConfig, int], nn.Module]  # (config, layer) -> (batch, time, width) -> the same


@dataclass
class Cache:
    """Keys and values of the tokens seen so far, one pair a layer, each of shape (batch, heads, length, head_width)."""

    length: int = 0
    layers: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def extend(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Append a layer's new keys and values and return all of them."""
        if layer == len(self.layers):
            self.layers.append((key, value))
        else:
            former = self.layers[layer]
            self.layers[layer] = torch.cat([former[0], key], dim=2), torch.cat([former[1], value], dim=2)
        return self.layers[layer]

    def select(self, rows: Int[Tensor, "chosen"]) -> "Cache":
        """Return the cache of the given sequences, in this order, repeats allowed: many answers share one prompt."""
        return Cache(self.length, [(key[rows], value[rows]) for key, value in self.layers])


class Decoder(nn.Module):
    """The transformer: tokens to logits of the next token."""

    cosine: Tensor
    sine: Tensor

    def __init__(
        self, config: DecoderConfig, *, mlp: MlpFactory | None = None, generator: torch.Generator | None = None
    ) -> None:
        """Draw a model.

        Args:
            config: the architecture.
            mlp: makes the feed-forward part of each block, e.g. a mixture of experts; default: `config.mlp`.
            generator: source of the initial values, on the CPU; default: torch's own.
        """
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        if config.positions == "learned":
            self.positions = nn.Embedding(config.context, config.width)
        if config.positions == "rotary":
            for name, table in zip(("cosine", "sine"), _rotary_table(config), strict=True):
                self.register_buffer(name, table, persistent=False)
        self.blocks = nn.ModuleList(Block(config, (mlp or _own_mlp)(config, layer)) for layer in range(config.layers))
        self.norm = _norm(config, config.width)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        if config.tied:
            self.head.weight = self.embedding.weight
        self._initialize(generator, own_mlp=mlp is None)

    def forward(
        self,
        tokens: Int[Tensor, "batch time"],
        *,
        cache: Cache | None = None,
        padding: Int[Tensor, "batch"] | None = None,
        at: Bool[Tensor, "batch time"] | None = None,
    ) -> Float[Tensor, "batch time vocabulary"] | Float[Tensor, "chosen vocabulary"]:
        """Return the logits of the token after each one.

        Args:
            tokens: the sequences; with a cache, only what follows the tokens seen before.
            cache: filled and extended in place; start from an empty `Cache()`.
            padding: how many tokens at the start of each sequence are padding: never attended to, not counted as
                positions; their own logits mean nothing. The same at every call with one cache.
            at: the positions whose logits are wanted, which alone go through the last block's feed-forward part and the
                head; theirs are returned, row by row. None: all of them.

        Raises:
            ValueError: more tokens than the context.
        """
        past = 0 if cache is None else cache.length
        end = past + tokens.shape[1]
        if end > self.config.context:
            raise ValueError(f"{end} tokens are more than the context of {self.config.context}")
        places = torch.arange(past, end, device=tokens.device)
        mask = None if padding is None and (past == 0 or end == past + 1) else _mask(places, end, padding)
        if padding is not None:
            places = (places - padding[:, None]).clamp(min=0)
        x = self.embedding(tokens)
        if self.config.positions == "learned":
            x = x + self.positions(places)
        turn = (self.cosine[places], self.sine[places]) if self.config.positions == "rotary" else None
        rows = None if at is None else at.flatten().nonzero()[:, 0]
        for layer, block in enumerate(self.blocks):
            x = block(x, turn, mask, cache, layer, rows if layer == len(self.blocks) - 1 else None)
        if cache is not None:
            cache.length = end
        logits: Tensor = self.head(self.norm(x)) * self.config.logit_scale
        return logits if rows is None else logits[0]

    def _initialize(self, generator: torch.Generator | None, *, own_mlp: bool) -> None:
        small = self.config.init_std / math.sqrt(2 * self.config.layers)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2 or (".mlp." in name and not own_mlp):
                continue
            writes = name.endswith((".attention.output.weight", ".mlp.down.weight"))
            std = small if self.config.scaled_residual and writes else self.config.init_std
            with torch.no_grad():
                parameter.normal_(0.0, std, generator=generator)


class Block(nn.Module):
    """Attention and a feed-forward part, each a branch of the residual stream."""

    def __init__(self, config: DecoderConfig, mlp: nn.Module) -> None:
        super().__init__()
        self.scale = config.branch_scale
        self.attention_norm = _norm(config, config.width)
        self.attention = Attention(config)
        self.mlp_norm = _norm(config, config.width)
        self.mlp = mlp

    def forward(
        self,
        x: Float[Tensor, "batch time width"],
        turn: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        cache: Cache | None,
        layer: int,
        rows: Int[Tensor, "chosen"] | None = None,
    ) -> Float[Tensor, "batch time width"]:
        """Return the residual stream after the block; arguments as `Attention` takes them."""
        added = self.attention(self.attention_norm(x), turn, mask, cache, layer, rows)
        x = (x if rows is None else _select(x, rows)) + self.scale * added
        result: Tensor = x + self.scale * self.mlp(self.mlp_norm(x))
        return result


class Attention(nn.Module):
    """Causal attention with all heads in one product."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width, bias=False)
        self.key = nn.Linear(config.width, config.width, bias=False)
        self.value = nn.Linear(config.width, config.width, bias=False)
        self.output = nn.Linear(config.width, config.width, bias=False)
        self.query_norm = _norm(config, config.head_width) if config.qk_norm else nn.Identity()
        self.key_norm = _norm(config, config.head_width) if config.qk_norm else nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch time width"],
        turn: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        cache: Cache | None,
        layer: int,
        rows: Int[Tensor, "chosen"] | None = None,
    ) -> Float[Tensor, "batch time width"]:
        """Return what attention adds.

        Args:
            x: the normed stream.
            turn: cosines and sines of the rotary positions of x, shape (time, head_width / 2), or with a batch axis.
            mask: which keys each query sees; None: all up to itself (x starts the sequence or is its last token).
            cache: of the whole model, or None.
            layer: the block's place in the cache.
            rows: of all sequences' tokens one after the other, those to return, as a batch of one sequence; None: all.
        """
        query, key, value = (
            each(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for each in (self.query, self.key, self.value)
        )
        query, key = self.query_norm(query), self.key_norm(key)
        if turn is not None:
            query, key = rotate(query, *turn), rotate(key, *turn)
        if cache is not None:
            key, value = cache.extend(layer, key, value)
        causal = mask is None and query.shape[2] == key.shape[2] and query.shape[2] > 1
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        mixed = mixed.transpose(1, 2).flatten(2)
        result: Tensor = self.output(mixed if rows is None else _select(mixed, rows))
        return result


class Mlp(nn.Module):
    """The feed-forward part: plain GELU, or gated by SiLU."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.width, config.hidden_width, bias=False)
        self.down = nn.Linear(config.hidden_width, config.width, bias=False)
        self.gate = nn.Linear(config.width, config.hidden_width, bias=False) if config.mlp == "gated" else None

    def forward(self, x: Float[Tensor, "batch time width"]) -> Float[Tensor, "batch time width"]:
        """Return what the MLP adds."""
        hidden = functional.gelu(self.up(x)) if self.gate is None else functional.silu(self.gate(x)) * self.up(x)
        result: Tensor = self.down(hidden)
        return result


def rotate(
    x: Float[Tensor, "batch heads time width"], cosine: Float[Tensor, "... half"], sine: Float[Tensor, "... half"]
) -> Float[Tensor, "batch heads time width"]:
    """Turn the pairs (x_i, x_{i + width/2}) by the angles of their positions (arXiv:2104.09864).

    Args:
        x: queries or keys.
        cosine, sine: of the angles, shape (time, width / 2) or (batch, time, width / 2).
    """
    if cosine.dim() == 3:
        cosine, sine = cosine[:, None], sine[:, None]
    cosine, sine = cosine.to(x.dtype), sine.to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def _select(x: Tensor, rows: Tensor) -> Tensor:
    return x.flatten(0, 1).index_select(0, rows)[None]


def _rotary_table(config: DecoderConfig) -> tuple[Tensor, Tensor]:
    exponents = torch.arange(0, config.head_width, 2, dtype=torch.float64) / config.head_width
    angles = torch.outer(torch.arange(config.context, dtype=torch.float64), config.rotary_base**-exponents)
    return angles.cos().float(), angles.sin().float()


def _mask(places: Tensor, end: int, padding: Tensor | None) -> Tensor:
    """Return which of the first `end` keys each query sees; one that sees nothing else (padding) sees itself."""
    keys = torch.arange(end, device=places.device)
    seen = keys <= places[:, None]
    if padding is None:
        return seen
    return (seen & (keys >= padding[:, None, None]) | (keys == places[:, None]))[:, None]


def _norm(config: DecoderConfig, width: int) -> nn.Module:
    if config.norm == "rms":
        return nn.RMSNorm(width, eps=1e-6, elementwise_affine=config.norm_gain)
    return nn.LayerNorm(width, eps=1e-5, elementwise_affine=config.norm_gain, bias=False)


def _own_mlp(config: DecoderConfig, layer: int) -> nn.Module:
    return Mlp(config)
