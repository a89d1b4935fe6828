"""Scripts that a target's own Python runs: a folder with a request becomes an answer and files.

A script is a module here that imports the standard library alone and runs on Python 3.9 and later. It is
started as a program, with a folder of its own as the working folder, which holds

    request.json    the job's request
    src/            the job's tree
    out/            empty; what it leaves here is what the job gives
    home/, tmp/     HOME and TMPDIR

and may write `answer.json`. What it and its children print is the job's log; its exit status is the job's.
`stream`, `program`, `warm` and `git` are no such scripts: the first three are the docker engine's own, to get
jobs in and out and to make them start fast, and `git` is what `hook` puts in the place of a program that is
not there. Nothing of pylayer imports any of these modules: engines read their text.
"""
