"""The lab: claims about Flask and threads, each a lesson that runs real servers, measures, and judges what it measured.

A lesson is one module of `weft_demos.lessons`. Its docstring is the tutorial, and the first line of it the claim; its
``LESSON`` says how to measure and how to judge.
"""

from __future__ import annotations

from .clients import Answer, Cookies
from .values import Evidence, Fact, Judgement, Lesson, Verdict
from .work import Lab, Run

__all__ = ["Answer", "Cookies", "Evidence", "Fact", "Judgement", "Lab", "Lesson", "Run", "Verdict"]
