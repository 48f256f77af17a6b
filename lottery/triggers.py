"""What the database refuses by itself about draw sessions: frozen bytes stay as they are (DH-201)."""

from lottery.enums import SESSION_MOVES
from schools.triggers import Rule, append_only, deletable_only_in_reset, never_replaced, register

_MOVES = " OR ".join(
    f"(OLD.state = '{old}' AND NEW.state = '{new}')"
    for old, targets in SESSION_MOVES.items()
    for new in sorted(targets)
)
_YEAR = "SELECT r.year_id FROM schools_round r WHERE r.id = OLD.round_id"
_YEAR_OF_SESSION = (
    "SELECT r.year_id FROM schools_round r JOIN lottery_drawsession s ON s.round_id = r.id "
    "WHERE s.id = OLD.session_id"
)

register(
    Rule(
        "lottery_session_frozen",
        "lottery_drawsession",
        "UPDATE",
        "NEW.name <> OLD.name OR NEW.dossiers <> OLD.dossiers OR NEW.participants <> OLD.participants "
        "OR NEW.commitment <> OLD.commitment OR NEW.commitment_hash <> OLD.commitment_hash "
        "OR (OLD.seed IS NOT NULL AND (NEW.seed IS NULL OR NEW.seed <> OLD.seed)) "
        "OR (OLD.outcome IS NOT NULL AND (NEW.outcome IS NULL OR NEW.outcome <> OLD.outcome)) "
        "OR (OLD.outcome_hash <> '' AND NEW.outcome_hash <> OLD.outcome_hash) "
        "OR (OLD.digits <> '' AND NEW.digits <> OLD.digits) OR (OLD.slot <> '' AND NEW.slot <> OLD.slot) "
        "OR (OLD.secret <> '' AND NEW.secret <> OLD.secret) OR NEW.round_id <> OLD.round_id "
        "OR (OLD.beacon_value <> '' AND (NEW.beacon_value <> OLD.beacon_value "
        "OR NEW.beacon_round <> OLD.beacon_round OR NEW.beacon_signature <> OLD.beacon_signature)) "
        "OR NEW.kind <> OLD.kind OR NEW.key <> OLD.key OR (OLD.drawn_by <> '' AND (NEW.drawn_by <> OLD.drawn_by "
        "OR NEW.recording <> OLD.recording OR NEW.drawn_at <> OLD.drawn_at))",
        "lottery_drawsession: what was committed or drawn is not changed",
    ),
    Rule(
        "lottery_session_forward",
        "lottery_drawsession",
        "UPDATE",
        f"NEW.state <> OLD.state AND NOT ({_MOVES})",
        "lottery_drawsession: no step is skipped and none is taken back",
    ),
    Rule(
        "lottery_session_official_stays",
        "lottery_drawsession",
        "UPDATE",
        "OLD.state = 'applied' AND NEW.state = 'void' AND (OLD.kind <> 'school' "
        "OR (SELECT r.state FROM schools_round r WHERE r.id = OLD.round_id) <> 'locked')",
        "lottery_drawsession: an official draw stays; only a draw by hand is drawn again, before the freeze",
    ),
    deletable_only_in_reset("lottery_drawsession", _YEAR),
    never_replaced("lottery_drawsession", "r.name = NEW.name"),
    # Who did what, and what was signed, is only ever added to.
    *append_only("lottery_attestation", _YEAR_OF_SESSION),
    never_replaced("lottery_attestation"),
    *append_only("lottery_timestamp", _YEAR_OF_SESSION),
    never_replaced("lottery_timestamp"),
    *append_only("lottery_signedrecord", _YEAR_OF_SESSION),
    never_replaced(
        "lottery_signedrecord",
        "r.session_id = NEW.session_id AND r.origin = NEW.origin AND r.hash = NEW.hash",
    ),
)

_YEAR_OF_SESSION = (
    "SELECT r.year_id FROM schools_round r JOIN lottery_drawsession s ON s.round_id = r.id WHERE s.id = "
)
_OF_DRAW = "(SELECT d.session_id FROM lottery_draw d WHERE d.id = OLD.draw_id)"

# Which child has which number, who confirmed what, and what came out: written once. Two numbers that change places
# after the draw would give one child the place of another.
register(
    *append_only("lottery_sessionnumber", f"{_YEAR_OF_SESSION}OLD.session_id"),
    never_replaced(
        "lottery_sessionnumber",
        "r.session_id = NEW.session_id AND r.number = NEW.number",
        "r.session_id = NEW.session_id AND r.registration_number = NEW.registration_number",
    ),
    *append_only("lottery_attestation", f"{_YEAR_OF_SESSION}OLD.session_id"),
    never_replaced("lottery_attestation"),
    *append_only("lottery_draw", f"{_YEAR_OF_SESSION}OLD.session_id"),
    never_replaced("lottery_draw", "r.session_id = NEW.session_id AND r.draw_id = NEW.draw_id"),
    *append_only("lottery_drawoutcome", f"{_YEAR_OF_SESSION}{_OF_DRAW}"),
    never_replaced(
        "lottery_drawoutcome",
        "r.draw_id = NEW.draw_id AND r.number = NEW.number",
        "r.draw_id = NEW.draw_id AND r.rank = NEW.rank",
    ),
    # Two that differ are both dropped, so these may go; they are never corrected.
    Rule(
        "lottery_blindentry_no_update",
        "lottery_blindentry",
        "UPDATE",
        "1=1",
        "lottery_blindentry: what somebody typed is not changed",
    ),
)
