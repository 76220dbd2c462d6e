"""Words of reports in their languages."""

from collections.abc import Mapping
from typing import Final

from citywatch.model.names import Name
from citywatch.model.registry import DistrictClass
from citywatch.model.reports import ReportKind

TITLES: Final[Mapping[ReportKind, Name]] = {
    ReportKind.WEEKLY: Name("Weekly bulletin", "每周通报"),
    ReportKind.MONTHLY: Name("Monthly ranking", "每月排名"),
    ReportKind.QUARTERLY: Name("Quarterly completion report", "季度完成情况报告"),
}

RANKINGS: Final[Mapping[DistrictClass, Name]] = {
    DistrictClass.CENTRAL: Name("Central districts", "中心城区"),
    DistrictClass.OUTER: Name("Outer districts", "新城区"),
    DistrictClass.ZONE: Name("Functional zones", "功能区"),
}

WORDS: Final[Mapping[str, Name]] = {
    "to": Name("to", "至"),
    "due": Name("due by", "报送截止"),
    "made_at": Name("made", "生成时间"),
    "data_to": Name("data up to", "数据截至"),
    "no_data": Name("no data", "无数据"),
    "new": Name("new", "新增"),
    "none": Name("none", "无"),
    "coverage": Name("Coverage", "监测覆盖"),
    "coverage_note": Name(
        "Monitored: on the last day every required property was measured with the required share of good observations"
        " by a calibrated sensor. Required: all assets of the kind in the registry on that day.",
        "已监测：末日各项必测属性均由有效校准的传感器按规定比例测得合格观测。应监测：当日台账库中该类全部资产。",
    ),
    "kind": Name("kind", "类别"),
    "required": Name("required", "应监测"),
    "installed": Name("installed", "已安装"),
    "reporting": Name("reporting", "在报"),
    "passing": Name("passing", "合格"),
    "monitored": Name("monitored", "已监测"),
    "share": Name("coverage", "覆盖率"),
    "before": Name("period before", "上期"),
    "ranking": Name("Ranking by coverage", "覆盖率排名"),
    "place": Name("place", "名次"),
    "district": Name("district", "区"),
    "first": Name("first", "第一"),
    "last": Name("last", "末位"),
    "indicators": Name("Indicators", "指标"),
    "indicator": Name("indicator", "指标"),
    "value": Name("value", "数值"),
    "counts": Name("counts", "计数"),
    "definition": Name("definition", "定义"),
    "targets": Name("Targets", "目标"),
    "target": Name("target", "目标"),
    "baseline": Name("baseline", "基期"),
    "to_reach": Name("to reach", "目标值"),
    "deadline": Name("deadline", "期限"),
    "path": Name("planned now", "当前应达"),
    "state": Name("state", "状态"),
    "source": Name("source", "依据"),
    "alarms": Name("Alarms", "报警"),
    "severity": Name("severity", "级别"),
    "raised": Name("raised", "新增"),
    "closed": Name("closed", "关闭"),
    "open": Name("open at the end", "期末未关闭"),
    "gaps": Name("Not monitored", "未监测资产"),
    "reason": Name("reason", "原因"),
    "fix": Name("cheapest fix", "最省措施"),
    "number": Name("number", "数量"),
    "asset": Name("asset", "资产"),
    "responsible": Name("responsible", "责任单位"),
    "not-installed": Name("not installed", "未安装"),
    "not-reporting": Name("not reporting", "未报数"),
    "not-passing": Name("not passing", "合格率不足"),
    "not-calibrated": Name("not calibrated", "校准过期"),
    "claim": Name("claim the unknown sensor", "认领未知传感器"),
    "calibrate": Name("calibrate", "校准"),
    "repair": Name("repair", "维修"),
    "install": Name("install", "安装"),
    "met": Name("met", "已完成"),
    "on-track": Name("on track", "正常推进"),
    "behind": Name("behind", "滞后"),
    "overdue": Name("overdue", "逾期"),
    "no-data": Name("no data", "无数据"),
    "open-state": Name("open", "未完成"),
    "binding": Name("binding", "约束性"),
    "expected": Name("expected", "预期性"),
}
