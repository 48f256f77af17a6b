"""Why a child is where it is, in one line per school for letters and pages ([waarom]), in any language we have.

The figures are those of the stored outcome and can be found in the published files: rank, number of children, places,
last rank. A line never speaks of another child. In a VOVP it gives no number of places: that would tell a school how
many of its children want to leave (DH-135).
"""

from collections.abc import Callable
from functools import cache

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from admissions.services.explaining.explanations import HandDecision, Why
from lottery.engine.explain import Reason, ReasonKind
from lottery.engine.grammar import CENTRAL
from lottery.engine.standings import Standing
from notifications.services.texts import DUTCH, reason_languages, reason_text
from schools.enums import PriorityKind

K = ReasonKind


def sentence(why: Why, language: str | None = None) -> str:
    """The line of one school; ``language`` is a language code, without it the active language.

    In a language that has no reasons the line is Dutch.

    Source: DH-070 to DH-099, DH-112, DH-138; OA-LOT/1 section 6 (grens).
    """
    if language is not None:
        with translation.override(known_language(language)):
            return sentence(why)
    if why.hand is not None:
        return _by_hand(why.hand)
    if why.reason is None or why.standing is None:
        return _not_looked_at(why)
    if why.reason.draw == CENTRAL:
        parts = _CENTRAL[why.reason.kind](why.reason, why.standing)
        if not why.in_vovp and why.reason.kind in (K.PLACED, K.SCHOOL_FULL):
            parts.insert(-1 if why.reason.kind == K.SCHOOL_FULL else 1, _central_supply(why.standing))
    else:
        parts = [_given_before(why), *_SCHOOL[why.reason.kind](why.reason, why.standing), *_groups(why)]
    return " ".join(part for part in parts if part)


def known_language(language: str) -> str:
    return language if language in reason_languages() else DUTCH


def _say(name: str, text: str, **figures: object) -> str:
    """The fixed line of the active language where it has one, with its figures; else ``text``, from the catalogue.

    The fixed lines stand beside those of the letters. They name figures in a way that needs no plural forms, which
    Polish, Ukrainian and Arabic have three to six of.
    """
    own = reason_text(name, translation.get_language() or "")
    for code, value in figures.items():
        own = own.replace(f"[{code}]", str(value))
    return own or text


def _not_looked_at(why: Why) -> str:
    kind = why.reason.kind if why.reason is not None else None
    if why.in_care or kind == K.CARE_ROUTE:
        text = _(
            "Not looked at: because of the extra support your child needs it did not join the central draw. "
            "The school and the office look for a fitting place together with you."
        )
        return _say("zorgroute", text)
    if kind == K.HELD_SEAT_LEFT:
        return _say("plaats-verlaten", _("Your child left this place for a school higher on the list."))
    if kind is None and why.rank == 1:
        return _say("eigen-loting", _("This school held its own draw. Your child got no place in it."))
    text = _("Not looked at: your child has a place at a school higher on the list.")
    return _say("hoger-geplaatst", text)


# The school of first choice


def _supply(places: int | None, children: int) -> str:
    if places is None:
        return _no_maximum()
    text = ngettext(
        "There was %(places)s for %(children)s.", "There were %(places)s for %(children)s.", places
    ) % {"places": _places(places), "children": _children(children)}
    return _say("aanbod", text, plaatsen=places, kinderen=children)


def _no_maximum() -> str:
    return _say("geen-maximum", _("This school has no maximum number of places."))


def _places(number: int) -> str:
    return ngettext("%(n)d place", "%(n)d places", number) % {"n": number}


def _children(number: int) -> str:
    return ngettext("%(n)d child", "%(n)d children", number) % {"n": number}


def _own(reason: Reason, standing: Standing) -> str:
    """Own rank and the last one that got a place, in the order of this draw."""
    words = {"rank": reason.own_rank, "total": standing.children, "last": standing.last_rank}
    if standing.last_rank is None:
        name, text = "nummer", _("In the order of the draw your child was number %(rank)d of %(total)d.")
    else:
        name = "nummer-laatste"
        text = _(
            "In the order of the draw your child was number %(rank)d of %(total)d; "
            "the last place went to number %(last)d."
        )
    return _say(name, text % words, **_ranks(reason, standing))


def _ranks(reason: Reason, standing: Standing) -> dict[str, object]:
    return {"nummer": reason.own_rank, "totaal": standing.children, "laatste": standing.last_rank}


def _given_before(why: Why) -> str:
    """A school that draws by hand first gives places to whole priority groups that fit (DH-074)."""
    if not why.given_before:
        return ""
    text = ngettext(
        "Before its draw the school had given %(n)d place by its priority rules.",
        "Before its draw the school had given %(n)d places by its priority rules.",
        why.given_before,
    ) % {"n": why.given_before}
    return _say("vooraf-gegeven", text, aantal=why.given_before)


def _drawn_by_hand(reason: Reason, standing: Standing) -> str:
    if not standing.by_hand or reason.own_lot is None:
        return ""
    position = int(reason.own_lot, 16)
    text = _("The lots were drawn by hand; the lot of your child came up as number %(position)d.")
    return _say("handlot", text % {"position": position}, plek=position)


def _place_here() -> str:
    return _say("plaats-hier", _("Your child has a place here."))


def _no_draw_needed() -> str:
    return _say("geen-loting-nodig", _("So no draw was needed."))


def _school_placed(reason: Reason, standing: Standing) -> list[str]:
    supply = _supply(standing.places, standing.children)
    if not standing.needs_lots:
        return [_place_here(), supply, _no_draw_needed()]
    return [
        _place_here(),
        supply,
        _own(reason, standing),
        _drawn_by_hand(reason, standing),
    ]


def _school_drawn_out(reason: Reason, standing: Standing) -> list[str]:
    supply = _supply(standing.places, standing.children)
    return [supply, _own(reason, standing), _drawn_by_hand(reason, standing)]


def _school_class_too_late(reason: Reason, standing: Standing) -> list[str]:
    text = _("All places went to children in a priority group that comes before the group of your child.")
    return [
        _supply(standing.places, standing.children),
        _say("groep-te-laat", text),
        _own(reason, standing),
        _drawn_by_hand(reason, standing),
    ]


def _school_closed(reason: Reason, standing: Standing) -> list[str]:
    return [_say("geen-plaatsen", _("This school had no places in this round."))]


def _too_large(reason: Reason, standing: Standing) -> list[str]:
    text = _("There were too few places left for all %(n)d children who are drawn together.")
    return [
        _say("te-groot", text % {"n": reason.unit_size}, aantal=reason.unit_size),
        _own(reason, standing),
    ]


def _groups(why: Why) -> list[str]:
    """How many children each priority group had, and how many of them got a place; only where lots decided."""
    standing = why.standing
    if standing is None or not standing.needs_lots or len(standing.tiers) < 2:
        return []
    groups = [
        _say(
            "groep",
            _("%(group)s: %(admitted)d of %(children)d")
            % {"group": name, "admitted": count.admitted, "children": count.children},
            groep=name,
            geplaatst=count.admitted,
            kinderen=count.children,
        )
        for count in standing.tiers
        for name in [group_name(why.rules, count.tier)]
    ]
    listed = ("؛ " if translation.get_language_bidi() else "; ").join(groups)
    text = _("Who got a place, by priority group in the order of this school: %(groups)s.")
    told = _say("groepen", text % {"groups": listed}, groepen=listed)
    if why.reason is None or why.reason.own_tier is None:
        return [told]
    own = group_name(why.rules, why.reason.own_tier)
    return [told, _say("eigen-groep", _("The group of your child: %(group)s.") % {"group": own}, groep=own)]


def group_name(rules: tuple[str, ...], tier: int) -> str:
    return _group_words(rules[tier - 1] if tier <= len(rules) else "", translation.get_language() or "")


@cache
def _group_words(kind: str, language: str) -> str:
    """Names inside a sentence, in small letters."""
    if not kind:
        return _say("groep-geen", pgettext("priority group", "no priority"))
    label = str(PriorityKind(kind).label)
    return _say(f"groep-{kind}", label[:1].lower() + label[1:])


def _by_hand(hand: HandDecision) -> str:
    parts = [_place_here() if hand.is_admitted else ""]
    parts.append(_supply(hand.places, hand.children))
    if hand.children <= hand.places:
        parts.append(_no_draw_needed() if hand.is_admitted else "")
    elif hand.is_admitted:
        text = _("The school itself decided by its priority rules and by lot.")
        parts.append(_say("school-besliste", text))
    else:
        text = _("The school itself decided by its priority rules and by lot. Your child got no place.")
        parts.append(_say("school-besliste-niet", text))
    return " ".join(part for part in parts if part)


# The central draw


def _central_supply(standing: Standing) -> str:
    if standing.places is None:
        return _no_maximum()
    text = ngettext(
        "When the central draw began this school had %(n)d place left.",
        "When the central draw began this school had %(n)d places left.",
        standing.places,
    ) % {"n": standing.places}
    return _say("centraal-aanbod", text, plaatsen=standing.places)


def _central_own(reason: Reason, standing: Standing) -> str:
    words = {"rank": reason.own_rank, "total": standing.children, "last": standing.last_rank}
    if standing.last_rank is None:
        name, text = "centraal-nummer", _("In the central draw your child was number %(rank)d of %(total)d.")
    else:
        name = "centraal-nummer-laatste"
        text = _(
            "In the central draw your child was number %(rank)d of %(total)d; "
            "the last place here went to number %(last)d."
        )
    return _say(name, text % words, **_ranks(reason, standing))


def _central_placed(reason: Reason, standing: Standing) -> list[str]:
    has_room = standing.cutoff.kind == "free" and standing.places is not None
    room = _say("centraal-ruimte", _("This school still had room after that draw.")) if has_room else ""
    return [_place_here(), _central_own(reason, standing), room]


def _central_full(reason: Reason, standing: Standing) -> list[str]:
    return [_central_own(reason, standing)]


def _central_closed(reason: Reason, standing: Standing) -> list[str]:
    if standing.frozen_places:
        text = ngettext(
            "When the central draw began this school was full: its %(n)d place had gone to a child with this "
            "school as first choice.",
            "When the central draw began this school was full: its %(n)d places had gone to children with this "
            "school as first choice.",
            standing.frozen_places,
        ) % {"n": standing.frozen_places}
        return [_say("centraal-vol", text, plaatsen=standing.frozen_places)]
    return [_say("centraal-geen", _("When the central draw began this school had no places to give."))]


def _seats_kept(reason: Reason, standing: Standing) -> list[str]:
    return [_say("gehouden", _("No place became free: the children who had a place here kept it."))]


def _held(reason: Reason, standing: Standing) -> list[str]:
    return [_say("blijft", _("Your child keeps its place here."))]


Part = Callable[[Reason, Standing], list[str]]
_SCHOOL: dict[ReasonKind, Part] = {
    K.PLACED: _school_placed,
    K.DRAWN_OUT: _school_drawn_out,
    K.CLASS_TOO_LATE: _school_class_too_late,
    K.CLOSED: _school_closed,
    K.UNIT_TOO_LARGE: _too_large,
}
_CENTRAL: dict[ReasonKind, Part] = {
    K.PLACED: _central_placed,
    K.SCHOOL_FULL: _central_full,
    K.CLOSED: _central_closed,
    K.UNIT_TOO_LARGE: _too_large,
    K.SEATS_KEPT: _seats_kept,
    K.HELD_SEAT: _held,
}


# The limit (grens) of a school, for the letter and the sheet


def limit_words(why: Why, language: str | None = None) -> str:
    """Where this school closed in the draw that looked at it, in a few words; empty where none did."""
    if language is not None:
        with translation.override(known_language(language)):
            return limit_words(why)
    standing = why.standing
    if standing is None:
        return ""
    if standing.cutoff.kind == "free":
        return _say("grens-vrij", pgettext("limit", "room for everybody"))
    if standing.cutoff.kind == "closed":
        return _say("grens-geen", pgettext("limit", "no places"))
    words = {"rank": standing.last_rank, "total": standing.children}
    figures = {"nummer": standing.last_rank, "totaal": standing.children}
    if standing.cutoff.tier is None:
        text = pgettext("limit", "up to number %(rank)d of %(total)d") % words
        return _say("grens-nummer", text, **figures)
    group = group_name(why.rules, standing.cutoff.tier)
    text = pgettext("limit", "up to number %(rank)d of %(total)d (%(group)s)") % (words | {"group": group})
    return _say("grens-groep", text, **figures, groep=group)
