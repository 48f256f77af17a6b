"""The forms of the worked examples AE-02 to AE-05, drawn by the engine in one test and decided on screen in another."""

from tests.factories.city import Form

NEAR = "2511AA"  # inside the area of the neighbourhood rule
RULES = {
    "A": Form("A", claims="sibling"),
    "B": Form("A", claims="sibling", postcode=NEAR),
    "C": Form("A", claims="preschool"),
    "D": Form("A", claims="preschool"),
    "E": Form("A", postcode=NEAR),
    "F": Form("A", postcode=NEAR),
    "G": Form("A"),
    "H": Form("A", claims="staff"),  # a rule this school has not adopted
}
FIRST_TOO_LARGE = {
    "A": Form("A", claims="sibling"),
    "B": Form("A", claims="sibling", postcode=NEAR),
    "C": Form("A", postcode=NEAR),
}
EXACT = {
    "A": Form("A", claims="sibling"),
    "B": Form("A", claims="sibling"),
    "C": Form("A", postcode=NEAR),
    "D": Form("A"),
    "E": Form("A"),
}
