"""`python -m local`, which is what `dev.py run` goes on as."""

import signal
import sys

# Until the session listens to signals, Ctrl-C just ends us: no traceback out of an import.
signal.signal(signal.SIGINT, signal.SIG_DFL)

if __name__ == "__main__":
    from local.session import main

    sys.exit(main())
