"""The logo of a school: what was uploaded is read, checked and written again, so that only a picture remains.

PNG and JPEG are decoded and encoded anew, without what a camera or a program wrote beside the picture. Of an SVG only
shapes remain: no script, no reference to anything outside it, no entity.
"""

import hashlib
import io
import re
import warnings
from xml.etree import ElementTree as ET

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.models import SchoolLogo
from schools.errors import RefusedError
from schools.models import School, User

MAX_BYTES = 1_000_000
MAX_SIDE, MAX_PIXELS = 8000, 25_000_000
SIZE = (1200, 480)  # what a letter needs: 15 mm high at 600 dots an inch, with room
MAX_DEPTH = 40

SVG = "http://www.w3.org/2000/svg"
SHAPES = frozenset(
    "svg g path rect circle ellipse line polyline polygon text tspan defs linearGradient radialGradient stop clipPath "
    "mask title desc symbol use style".split()
)
ATTRIBUTES = frozenset(
    "viewBox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform fill fill-rule fill-opacity stroke "
    "stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity "
    "opacity id class offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod clip-path clip-rule "
    "clipPathUnits mask maskUnits preserveAspectRatio font-family font-size font-weight font-style text-anchor "
    "letter-spacing dx dy style version href color display visibility".split()
)
OUTSIDE = re.compile(
    r"url\(\s*['\"]?(?!#)|@|\\|expression|javascript:|data:|file:|https?:|//|<", re.IGNORECASE
)


class LogoError(RefusedError):
    """A file that cannot be a logo; its text says what to do."""


def safe_logo(content: bytes) -> tuple[bytes, str]:
    """The picture in ``content`` made safe, and its media type. Raises LogoError."""
    if not content:
        raise LogoError(_("This file is empty. Choose another one."))
    if len(content) > MAX_BYTES:
        raise LogoError(
            _("This file is %(size)s MB. A logo may be 1 MB at most: save it smaller and try again.")
            % {"size": f"{len(content) / 1_000_000:.1f}".replace(".", ",")}
        )
    if content.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return _bitmap(content)
    if b"<svg" in content[:5000].lower() or content.lstrip()[:5] == b"<?xml":
        return _drawing(content), "image/svg+xml"
    raise LogoError(_("This is not a PNG, JPEG or SVG picture. Choose another file."))


def _bitmap(content: bytes) -> tuple[bytes, str]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
                if max(opened.size) > MAX_SIDE or opened.width * opened.height > MAX_PIXELS:
                    raise LogoError(_("This picture has too many dots. Save it smaller and try again."))
                sort = "JPEG" if opened.format == "JPEG" else "PNG"
                mode = "RGB" if sort == "JPEG" else "RGBA"
                picture = opened.convert(mode)
        picture.info.clear()  # comments, colour profiles, where and when it was taken
        picture.thumbnail(SIZE)
        out = io.BytesIO()
        picture.save(out, sort, **({"quality": 88} if sort == "JPEG" else {"optimize": True}))
    except LogoError:
        raise
    except Exception as exc:  # every decoder of Pillow has errors of its own
        raise LogoError(_("This picture cannot be read. Save it again as PNG and try again.")) from exc
    return out.getvalue(), f"image/{sort.lower()}"


def _drawing(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise LogoError(_("This drawing cannot be read. Save it as PNG and try again.")) from exc
    # Entities can make a small file endless, and can name files: a drawing needs neither.
    if re.search(r"<!ENTITY|<!DOCTYPE[^>]*\[", text, re.IGNORECASE):
        raise LogoError(
            _("This drawing holds definitions that cannot be checked. Save it as PNG and try again.")
        )
    text = re.sub(r"<!DOCTYPE[^>]*>", "", text, flags=re.IGNORECASE)
    try:
        parsed = ET.fromstring(text)  # noqa: S314  without entities, at most a megabyte
    except ET.ParseError as exc:
        raise LogoError(_("This drawing cannot be read. Save it as PNG and try again.")) from exc
    if parsed.tag != f"{{{SVG}}}svg":
        raise LogoError(_("This is not a PNG, JPEG or SVG picture. Choose another file."))
    clean = _clean(parsed, 0)
    if clean is None or not any(
        _local(child.tag) not in ("title", "desc", "defs", "style") for child in clean
    ):
        raise LogoError(_("There is no picture in this drawing. Choose another file."))
    if "viewBox" not in clean.attrib and not {"width", "height"} <= set(clean.attrib):
        raise LogoError(_("This drawing does not say how large it is. Save it as PNG and try again."))
    ET.register_namespace("", SVG)
    return ET.tostring(clean, encoding="utf-8")


def _local(tag: object) -> str:
    name = str(tag)
    return name.removeprefix(f"{{{SVG}}}") if name.startswith(f"{{{SVG}}}") else ""


def _clean(node: ET.Element, depth: int) -> ET.Element | None:
    name = _local(node.tag)
    if name not in SHAPES:
        return None
    if depth > MAX_DEPTH:
        raise LogoError(_("This drawing cannot be read. Save it as PNG and try again."))
    made = ET.Element(node.tag)
    for key, value in node.attrib.items():
        bare = key.removeprefix("{http://www.w3.org/1999/xlink}")
        if bare == "href":
            if value.startswith("#"):
                made.set("href", value)
        elif bare in ATTRIBUTES and not OUTSIDE.search(value):
            made.set(bare, value)
    if name == "style" and OUTSIDE.search(node.text or ""):
        return None
    made.text, made.tail = node.text, node.tail
    for child in node:
        kept = _clean(child, depth + 1)
        if kept is not None:
            made.append(kept)
    return made


@transaction.atomic
def store_logo(*, school: School, content: bytes, actor: User | None) -> SchoolLogo:
    """Make the picture safe and let it stand on every letter that was not sent yet. Raises LogoError."""
    picture, media_type = safe_logo(content)
    logo, _made = SchoolLogo.objects.update_or_create(
        school=school,
        defaults={
            "content": picture,
            "media_type": media_type,
            "hash": hashlib.sha256(picture).hexdigest(),
            "uploaded_by": actor,
        },
    )
    return logo


def remove_logo(*, school: School) -> None:
    SchoolLogo.objects.filter(school=school).delete()
