"""How many statements does each split of the proof data set have? Closed formulas (pita spec, sections 1 and 7).

    m       leaves of a statement
    C(n)    Catalan number: binary trees with n + 1 leaves

full      n + 2 leaves (n atoms, True, False) and three operators on binary trees of m leaves: (n+2)^m 3^(m-1) C(m-1)
imply     one operator: (n+2)^m C(m-1)
php       h holes and q pigeons, nothing omitted: bracketings of the pigeons' conjunction, of each pigeon's
          disjunction of h holes, and of the disjunction over q (q-1) h clashes
"""

from math import comb

from solv.theory.validation import require_integer


def catalan(n: int) -> int:
    """Return the n-th Catalan number, n >= 0."""
    n = require_integer("n", n, least=0)
    return comb(2 * n, n) // (n + 1)


def full_count(leaves: int, atoms: int = 3, operators: int = 3) -> int:
    """Return the number of statements with exactly `leaves` leaves; operators = 1 is the split imply.

    Args:
        leaves: m >= 1.
        atoms: n >= 1.
        operators: >= 1.

    Raises:
        ValueError: a number out of range.
    """
    leaves = require_integer("leaves", leaves, least=1)
    atoms = require_integer("atoms", atoms, least=1)
    operators = require_integer("operators", operators, least=1)
    return int((atoms + 2) ** leaves * operators ** (leaves - 1)) * catalan(leaves - 1)


def pigeonhole_count(pigeons: int, holes: int) -> int:
    """Return the number of bracketings of one pigeonhole statement without omissions.

    Args:
        pigeons: >= 2.
        holes: >= 1.

    Raises:
        ValueError: a number out of range.
    """
    pigeons = require_integer("pigeons", pigeons, least=2)
    holes = require_integer("holes", holes, least=1)
    clashes = pigeons * (pigeons - 1) * holes
    return catalan(pigeons - 1) * int(catalan(holes - 1) ** pigeons) * catalan(clashes - 1)
