"""The year of AE-13: one school with 48 places, played through all six rounds."""

from admissions.services.replies.withdrawal_reasons import Reason
from tests.factories.city import City, Form, make_city


def play_ledger_year() -> City:
    """School S has 12 places a period, X none. Children a to d apply in ALM1 to ALM4; v1 and v2 add S later."""
    city = make_city({"S": 12, "X": 0})
    no_reply = Reason("uncapped_school")

    # ALM1: nine first choices and one central.
    city.apply("ALM1", **{f"a{n}": "S" for n in range(1, 10)}, ac="X S")
    city.play("ALM1")
    city.withdraw("a1", on="2024-02-12", reason=no_reply)
    # ALM2: sixteen first choices for 12 + 2 places.
    city.apply("ALM2", **{f"b{n}": "S" for n in range(1, 17)})
    city.play("ALM2", {"S": "b1 b2 b15 b16"})
    lost = sorted(key for key, row in city.results("ALM2").items() if row[0] == "unplaced")
    assert len(lost) == 2
    admitted = sorted(key for key, row in city.results("ALM2").items() if row[0] == "admitted")
    city.withdraw(admitted[0], on="2024-04-25", reason=no_reply)
    city.play("VOVP1", opt_ins={lost[0]: ""})
    city.withdraw(admitted[1], on="2024-06-10", reason=no_reply)
    # ALM3: ten first choices for 12 + 1.
    city.apply("ALM3", **{f"c{n:02}": "S" for n in range(1, 11)})
    city.play("ALM3")
    city.withdraw("c01", on="2024-08-20", reason=no_reply)
    # ALM4: thirteen first choices and one central for 12 + 3; two more do not list S yet.
    city.apply("ALM4", **{f"d{n:02}": "S" for n in range(1, 14)}, dc="X S", v1=Form("X"), v2=Form("X"))
    city.play("ALM4")
    city.play("VOVP2", opt_ins={"v1": "S", "v2": "S"})
    return city
