"""Which law do points of yours follow? Fits of power laws, and of attack success against samples.

Every exponent is a rate of decay, positive where y falls: y = offset + A x^-exponent.

    fit = solv.fit.decay_to_offset(steps, loss, window=(100, 1e5))
    fit.exponent, fit.interval, fit(1e6)
    fit.plot()
"""

from solv.harness.fits import AttackSuccess, PowerLaw, attack_success, decay_to_offset, power_law

__all__ = ["AttackSuccess", "PowerLaw", "attack_success", "decay_to_offset", "power_law"]
