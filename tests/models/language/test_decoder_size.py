"""Are the weights of a decoder, and what a token costs, counted as it has them?"""

from solv.models.language.decoder import Decoder, DecoderConfig
from solv.models.language.decoder_size import PASS, WORD, DecoderSize

SIZE = DecoderSize(width=32, layers=2, heads=4, vocabulary=13, length=6)


def decoder():
    return Decoder(DecoderConfig(vocabulary=13, context=6, width=32, layers=2, heads=4, positions="learned"))


def test_the_weights_that_are_multiplied_are_those_of_the_matrices():
    tables = ("embedding.weight", "positions.weight")
    found = decoder().named_parameters()
    assert SIZE.parameters == sum(each.numel() for name, each in found if each.dim() == 2 and name not in tables)


def test_adam_holds_every_matrix_four_times():
    matrices = sum(each.numel() for each in decoder().parameters() if each.dim() == 2)
    assert SIZE.trained_bytes == 4 * WORD * matrices


def test_a_token_takes_two_operations_a_weight_and_what_goes_through_memory_grows_with_the_width_alone():
    wide = DecoderSize(width=64, layers=2, heads=4, vocabulary=13, length=6)
    passes, wider = (each.operations - 2 * each.parameters for each in (SIZE, wide))
    assert passes > PASS
    assert passes < wider < 2 * passes


def test_twice_the_layers_have_twice_the_keys_and_values():
    deep = DecoderSize(width=32, layers=4, heads=4, vocabulary=13, length=6)
    assert deep.cached_bytes == 2 * SIZE.cached_bytes == 2 * WORD * 2 * 2 * 32 * 6
    assert deep.calls > SIZE.calls
    assert deep.step_calls > SIZE.step_calls
    assert deep.token_bytes > SIZE.token_bytes
