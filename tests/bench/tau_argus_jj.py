"""Start of tau-ARGUS's optimal method on a file in its JJ format: IN.JJ, OUT.JJ and a limit in minutes.

A process of its own that loads nothing of ours: tau-ARGUS brings a HiGHS of its own, and two of them in one
process do not get along.
"""

import sys

from pytauargus._tauargus import HiTaSCtrl

if __name__ == "__main__":
    code = HiTaSCtrl().full_jj(in_file_jj=sys.argv[1], out_file=sys.argv[2], max_time=int(sys.argv[3]))
    sys.exit(code if code > 1 else 0)  # 1: stopped at its limit, with the best pattern so far
