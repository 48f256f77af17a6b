"""Logos: only a picture remains of what was uploaded."""

import io

import pytest
from PIL import Image

from notifications.models import SchoolLogo
from notifications.services.letters import render_letter
from notifications.services.logos import LogoError, safe_logo, store_logo
from tests.factories.schools import SchoolFactory

SHAPE = '<path d="M0 0h10v10z" fill="#123456"/>'


def svg(inside: str = SHAPE, attributes: str = 'viewBox="0 0 10 10"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


def bitmap(sort: str = "PNG", size: tuple[int, int] = (300, 90)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#225566").save(out, sort)
    return out.getvalue()


@pytest.mark.parametrize(("sort", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_bitmap_is_written_anew_and_not_larger_than_a_letter_needs(sort, media_type):
    content, found = safe_logo(bitmap(sort, (4000, 1000)))

    assert found == media_type
    assert Image.open(io.BytesIO(content)).size == (1200, 300)


def test_what_stands_beside_the_picture_goes():
    image, out = Image.new("RGB", (20, 20)), io.BytesIO()
    image.save(out, "JPEG", comment=b"secret-place")

    assert b"secret-place" in out.getvalue() and b"secret-place" not in safe_logo(out.getvalue())[0]


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<image href="file:///etc/passwd"/>',
        '<image href="https://example.org/x.png"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="x"/></foreignObject>',
        '<use href="https://example.org/x.svg#a"/>',
        '<rect width="1" height="1" style="fill:url(https://example.org/x)"/>',
        "<style>@import url(https://example.org/x.css);</style>",
        '<rect width="1" height="1" onclick="alert(1)"/>',
        '<a href="javascript:alert(1)"><rect width="1" height="1"/></a>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_drawing_keeps_its_shapes_and_nothing_that_reaches_out(inside):
    content, media_type = safe_logo(svg(SHAPE + inside))

    assert media_type == "image/svg+xml" and b"M0 0h10v10z" in content and b"#123456" in content
    for word in (b"script", b"example.org", b"passwd", b"onclick", b"onload", b"foreignObject", b"import"):
        assert word not in content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"%PDF-1.7",
        b"\x89PNG" + b"x" * 100,
        b"\xff\xd8\xff" + b"x" * 100,
        b"<svg",
        svg(""),
        svg("<script>1</script>"),
        svg(attributes=""),
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;" + SHAPE),
        b'<?xml version="1.0"?><html><svg/></html>',
        "<svg/>".encode("utf-16"),
        svg("<g>" * 60 + SHAPE + "</g>" * 60),
        bitmap("PNG", (9000, 10)),
    ],
)
def test_what_is_no_picture_is_refused_in_words(content):
    with pytest.raises(LogoError) as caught:
        safe_logo(content)
    assert str(caught.value).endswith(".")


def test_five_megabytes_are_refused_with_the_size():
    with pytest.raises(LogoError, match=r"5[.,]0"):
        safe_logo(b"\x89PNG" + b"\0" * 5_000_000)


@pytest.mark.django_db
@pytest.mark.parametrize("content", [svg(), bitmap(), bitmap("JPEG")])
def test_logo_stands_on_the_letter(content):
    from datetime import date

    from notifications.services.letter_content import letter_content
    from notifications.services.letter_renderer import letter_html
    from notifications.services.samples import sample_message
    from notifications.services.template_choice import Choices

    school = SchoolFactory(director_name="M. Schouten")
    plain = sample_message(
        code="ALM124_FIRST", region=school.region, school=school, round_=None, today=date(2024, 1, 1)
    )
    choice = Choices(school.region_id).text(school.pk, "ALM124_FIRST")
    without = letter_html(letter_content(plain, choice))
    store_logo(school=school, content=content, actor=None)
    chosen = Choices(school.region_id).text(school.pk, "ALM124_FIRST")
    with_logo = letter_html(letter_content(plain, chosen))

    assert 'class="logo"' in with_logo and 'class="logo"' not in without
    assert choice.digest != chosen.digest
    from notifications.services.letter_renderer import default_renderer

    assert default_renderer().render(letter_content(plain, chosen)).startswith(b"%PDF")
    assert render_letter(plain).startswith(b"%PDF")
    assert SchoolLogo.objects.count() == 1
