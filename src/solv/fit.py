"""Which law do points of yours follow? Fits of power laws, of loss curves, and of success against samples.

Every exponent is a rate of decay, positive where y falls: y = limit + A x^-exponent.

    fit = solv.fit.loss_curve(steps, loss)          # one training: neighbouring points share their noise
    fit.exponent, fit.exponent_interval, fit(1e6), fit.answer
    fit.plot()

    law = solv.fit.joint_law(parameters, tokens, loss)
    law.best_sizes(budget=1e21)
"""

from solv.harness.fits import PowerLaw, decay_to_offset, power_law
from solv.harness.loss_fits import LossCurve, loss_curve, read_losses
from solv.harness.success_fits import AttackSuccess, Price, attack_success
from solv.theory.fits.joint_law import JointLawFit
from solv.theory.fits.joint_law import fit_joint_law as joint_law
from solv.theory.fits.log_decay import LogDecay
from solv.theory.fits.log_decay import fit_log_decay as log_decay

__all__ = [
    "AttackSuccess",
    "JointLawFit",
    "LogDecay",
    "LossCurve",
    "PowerLaw",
    "Price",
    "attack_success",
    "decay_to_offset",
    "joint_law",
    "log_decay",
    "loss_curve",
    "power_law",
    "read_losses",
]
