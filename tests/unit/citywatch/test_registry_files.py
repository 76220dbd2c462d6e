"""What is exported and read again is the same."""

import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from citywatch.errors import Misconfigured
from citywatch.model.identifiers import AssetId, DistrictId, KindId, ModelId, SensorId
from citywatch.model.names import Name
from citywatch.model.registry import Asset, Inventory, Origin, Registry, Sensor
from citywatch.registry import load_city, load_folder, seeds_folder
from citywatch.registry.export import AssetFormat, write_folder
from citywatch.registry.recipes import RECIPES

FORMATS = pytest.mark.parametrize("asset_format", list(AssetFormat))


@pytest.fixture(scope="module")
def demo() -> Registry:
    return load_city("demo")


@FORMATS
@pytest.mark.parametrize("city", ["demo", "recorded"])
def test_a_city_comes_back_as_it_was(tmp_path: Path, city: str, asset_format: AssetFormat) -> None:
    registry = load_city(city)
    write_folder(registry.inventory, tmp_path, asset_format)
    assert load_folder(tmp_path) == registry


def test_everything_that_can_be_drawn_passes_the_checks_of_an_import(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    shutil.copytree(seeds_folder() / "cities" / "wuhan", drawn)
    about = yaml.safe_load((drawn / "city.yaml").read_text("utf-8"))
    about["synthetic"]["assets"] = dict.fromkeys(RECIPES, 40)
    (drawn / "city.yaml").write_text(yaml.safe_dump(about), "utf-8")
    city = load_folder(drawn)
    assert Counter[str](asset.kind_id for asset in city.inventory.assets) == dict.fromkeys(RECIPES, 40)
    write_folder(city.inventory, tmp_path / "written")
    assert load_folder(tmp_path / "written") == city


identifiers = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30).map(str.strip)
instants = st.none() | st.integers(-2_000_000_000, 7_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@st.composite
def inventories(draw: st.DrawFn, demo: Inventory) -> Inventory:
    """Draw assets inside one district, with sensors."""
    names = draw(st.lists(identifiers, min_size=1, max_size=6, unique=True))
    assets, sensors = [], []
    for name in names:
        begin, end = sorted(draw(st.tuples(instants, instants)), key=lambda at: 1e12 if at is None else at.timestamp())
        assets.append(
            Asset(
                asset_id=AssetId(name),
                kind_id=KindId("bridge"),
                district_id=DistrictId("hanyang"),
                name=Name(*(draw(texts.filter(bool)) for _ in range(2))),
                latitude=draw(st.floats(30.52, 30.56)),
                longitude=draw(st.floats(114.17, 114.23)),
                responsible_unit=draw(texts.filter(bool)),
                origin=draw(st.sampled_from(Origin)),
                parameters=draw(
                    st.fixed_dictionaries(
                        {}, optional={"span_m": st.floats(2, 3000), "structure": st.sampled_from(["arch", "girder"])}
                    )
                ),
                street=draw(texts),
                valid_from=None if begin == end else begin,
                valid_until=end,
            )
        )
        installed = begin if begin is None or begin != end else None
        sensors.append(
            Sensor(AssetId(name), SensorId(draw(identifiers)), ModelId("tiltmeter"), installed, None, begin, None)
        )
    return replace(demo, assets=assets, sensors=sensors)


@FORMATS
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_valid_comes_back_as_it_was(demo: Registry, data: st.DataObject, asset_format: AssetFormat) -> None:
    inventory = data.draw(inventories(demo.inventory))
    with TemporaryDirectory() as folder:
        write_folder(inventory, Path(folder), asset_format)
        assert load_folder(Path(folder)).inventory == inventory


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"hanyang"', '"atlantis"', r"assets\.geojson:2: .*atlantis"),
        ('"Point"', '"LineString"', r"assets\.geojson:2: expected a feature with properties and a Point"),
        ("[114.288,30.55]", "[30.55,114.288]", r"assets\.geojson:2: latitude"),
        ("[114.288,30.55]", "[]", r"assets\.geojson:2: expected"),
        ('"kind_id":"bridge"', '"kind":"bridge"', r"assets\.geojson:2: kind_id: Field required"),
        ('"features":[', '"feature":[', r"assets\.geojson:1: expected a GeoJSON FeatureCollection"),
        ('{"type":"Feature"', '"type":"Feature"', r"assets\.geojson:2: not JSON"),
    ],
)
def test_a_wrong_feature_is_refused_with_its_line(
    tmp_path: Path, demo: Registry, old: str, new: str, complaint: str
) -> None:
    write_folder(demo.inventory, tmp_path, AssetFormat.GEOJSON)
    path = tmp_path / "assets.geojson"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(Misconfigured, match=complaint):
        load_folder(tmp_path)


def test_a_table_that_is_no_table_is_refused(tmp_path: Path, demo: Registry) -> None:
    write_folder(demo.inventory, tmp_path)
    (tmp_path / "assets.csv").write_bytes("asset_id,name_zh\nx,桥\n".encode("gb18030"))
    with pytest.raises(Misconfigured, match=r"assets\.csv: not a CSV file in UTF-8"):
        load_folder(tmp_path)
    with pytest.raises(Misconfigured, match="there is no folder"):
        load_folder(tmp_path / "nowhere")
