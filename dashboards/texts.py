"""Every text in both languages, side by side, so that none can be forgotten."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dashboards.palette import State


class Language(StrEnum):
    """Languages of the dashboards; the value is a folder, and the suffix of the name columns of schema ``dash``."""

    EN = "en"
    ZH = "zh"

    @property
    def other(self) -> "Language":
        """The one to switch to."""
        return Language.ZH if self is Language.EN else Language.EN


@dataclass(frozen=True, slots=True)
class Text:
    """The same said in English and in Chinese."""

    en: str
    zh: str

    def said_in(self, language: Language) -> str:
        """Return the text in a language."""
        return self.en if language is Language.EN else self.zh


LANGUAGE_NAME: Final = Text("English", "中文")

STATES: Final = {
    State.NORMAL: Text("normal", "正常"),
    State.ADVISORY: Text("advisory", "提示"),
    State.MINOR: Text("minor", "次要"),
    State.MAJOR: Text("major", "重要"),
    State.CRITICAL: Text("critical", "紧急"),
    State.NO_DATA: Text("no data", "无数据"),
}
"""The same words as in the view ``dash.state``."""

ALL: Final = Text("All", "全部")
DATA_SOURCE: Final = Text("Data source", "数据源")
SYSTEM: Final = Text("System", "系统")
DISTRICT: Final = Text("District", "城区")
ASSET: Final = Text("Asset", "设施")
DASHBOARDS: Final = Text("Dashboards", "仪表板")
CONSOLE: Final = Text("Console", "控制台")
SERIOUS_ALARMS: Final = Text("Major and critical alarms", "重要与紧急报警")
OPEN_IN_CONSOLE: Final = Text("Open in the console", "在控制台中打开")
OPEN_SENSOR: Final = Text("Look at its sensors", "查看传感器")
NOTHING_ABNORMAL: Final = Text("nothing abnormal", "无异常")
NO_FIGURE: Final = Text("no figure yet", "尚无数据")
NOTHING_RISES: Final = Text("nothing rises", "无上升")
NO_ALARM: Final = Text("no alarm in this time", "该时段无报警")
