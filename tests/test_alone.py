"""Whoever rewrites a file of a folder is the only one who does."""

import threading

from pylayer.alone import alone


def test_none_of_many_loses_anothers_line(tmp_path):
    """Each reads what is there, and writes that and its own."""
    path = tmp_path / "file"
    path.write_text("")

    def add(number):
        for _ in range(20):
            with alone(tmp_path):
                path.write_text(path.read_text() + f"{number}\n")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text().split()) == sorted(str(number) for number in range(5) for _ in range(20))
    assert ["file"] == [each.name for each in tmp_path.iterdir()]
