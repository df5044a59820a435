"""Imported by Python itself at start-up: starts the recorder, then gets out of the way.

The recorder is loaded under the private name ``_weft``, so that weft need not be installed where the app runs and an
installed one is not disturbed. Must parse on any Python 3: an old one gets a sentence, not a syntax error.
"""

import os
import sys


def _start():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    if not os.environ.get("WEFT_TRACE"):
        return
    if sys.version_info < (3, 11):
        sys.stderr.write("weft: Python %d.%d is too old to be recorded, 3.11 is needed\n" % sys.version_info[:2])
        return
    from importlib.util import module_from_spec, spec_from_file_location

    init = os.path.join(root, "__init__.py")
    spec = spec_from_file_location("_weft", init, submodule_search_locations=[root])
    module = sys.modules["_weft"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    from _weft.record.options import from_environment
    from _weft.record.recorder import start

    start(from_environment(os.environ))


def _step_aside():
    """Import the sitecustomize that would have been imported without this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or os.curdir) != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if ours is not None:
            sys.modules["sitecustomize"] = ours


try:
    _start()
except Exception as error:
    sys.stderr.write("weft: not recording, the program runs as usual: %s: %s\n" % (type(error).__name__, error))
_step_aside()
