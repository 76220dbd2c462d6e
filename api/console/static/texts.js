// Every word the console says, in both languages; a test compares the keys that are used with those that are here.

const TEXTS = {
  "age.d": ["{count} d", "{count} 天"],
  "age.h": ["{count} h", "{count} 小时"],
  "age.min": ["{count} min", "{count} 分钟"],
  "age.s": ["{count} s", "{count} 秒"],
  "age.ago": ["{age} ago", "{age}前"],

  "page.title": ["{city} · citywatch", "{city} · citywatch"],
  "page.console": ["Operator console", "值守控制台"],
  "page.language": ["Language", "语言"],
  "page.skip": ["Skip to the alarms", "跳到报警列表"],
  "page.loading": ["Loading …", "正在加载……"],

  "link.connecting": ["connecting", "连接中"],
  "link.live": ["live", "实时"],
  "link.reconnecting": ["reconnecting", "重新连接中"],
  "link.lost": [
    "Connection lost at {time} ({age} ago). What you see may be old. The console keeps trying; if this lasts, check the network and that the API process runs.",
    "连接已于 {time} 中断（{age}前），页面内容可能已过时。控制台会自动重连；若长时间未恢复，请检查网络和 API 进程。",
  ],
  "link.polling": [
    "The live stream has been away since {time} ({age} ago). Alarms and values are fetched every 10 s instead; new alarms may show up that much later.",
    "实时推送自 {time} 起中断（{age}前）。报警和数值改为每 10 秒读取一次，新报警最多晚 10 秒显示。",
  ],

  "fault.offline": [
    "citywatch does not answer. Check the network and that the API process runs; the console tries again by itself.",
    "citywatch 没有响应。请检查网络和 API 进程；控制台会自动重试。",
  ],
  "fault.unavailable": [
    "The database does not answer. Check that it runs; the console tries again by itself.",
    "数据库没有响应。请检查其是否运行；控制台会自动重试。",
  ],
  "fault.refused": ["The request was refused: {detail}", "请求被拒绝：{detail}"],
  "fault.conflict": ["This has been done already: {detail}", "该操作已完成：{detail}"],
  "fault.internal": [
    "The API failed. Look into its log; the console tries again by itself.",
    "API 出错。请查看其日志；控制台会自动重试。",
  ],

  "platform.ok": ["platform ok", "平台正常"],
  "platform.degraded": ["platform degraded", "平台降级"],
  "platform.unknown": ["platform unknown", "平台状态未知"],
  "platform.why": ["What is wrong with the platform", "平台问题"],

  "synthetic.badge": ["synthetic data", "合成数据"],
  "synthetic.city": [
    "{synthetic} of {all} assets are synthetic: invented for demonstration.",
    "{all} 处设施中有 {synthetic} 处为演示用的合成设施。",
  ],
  "origin.public": ["real place, from public knowledge", "真实地点（公开信息）"],
  "origin.synthetic": ["synthetic asset", "合成设施"],
  "origin.recorded": ["recorded data", "录制数据"],
  "origin.imported": ["imported asset", "导入设施"],
  "origin.platform": ["citywatch itself", "本平台"],

  "severity.0": ["normal", "正常"],
  "severity.1": ["advisory", "提示"],
  "severity.2": ["minor", "一般"],
  "severity.3": ["major", "重要"],
  "severity.4": ["critical", "紧急"],
  "severity.no-data": ["no data", "无数据"],
  "severity.partial": ["some sensors silent", "部分传感器无数据"],
  "severity.unequipped": ["no sensors installed", "未安装传感器"],

  "summary.open": ["Open alarms by severity", "各级别未关闭报警"],
  "summary.unacknowledged": ["to acknowledge", "待确认"],

  "filter.system": ["System", "专项"],
  "filter.all": ["All systems", "全部专项"],

  "alarms.title": ["Alarms", "报警"],
  "alarms.caption": ["Alarms, {order}", "报警列表，{order}"],
  "alarms.open": ["Open", "未关闭"],
  "alarms.all": ["All", "全部"],
  "alarms.which": ["Which alarms", "显示范围"],
  "alarms.order": ["Order", "排序"],
  "alarms.by-severity": ["most severe first", "级别高者在前"],
  "alarms.by-time": ["newest first", "最新在前"],
  "alarms.severity": ["Severity", "级别"],
  "alarms.asset": ["Asset, rule", "设施、规则"],
  "alarms.what": ["Alarm", "报警内容"],
  "alarms.raised": ["Raised", "发生时间"],
  "alarms.state": ["State", "状态"],
  "alarms.none": ["No open alarms.", "没有未关闭的报警。"],
  "alarms.none-ever": ["No alarms yet.", "尚无报警。"],
  "alarms.older": ["Show older alarms", "显示更早的报警"],
  "alarms.more": ["Show {count} more", "再显示 {count} 条"],
  "alarms.acknowledge": ["Acknowledge", "确认"],
  "alarms.acknowledge-one": ["Acknowledge: {message}", "确认：{message}"],
  "alarms.name": ["Your name", "您的姓名"],
  "alarms.name-missing": [
    "Enter your name first: the acknowledgement is recorded under it.",
    "请先填写姓名：确认操作会记录操作人。",
  ],
  "alarms.taken": ["Somebody else has dealt with this alarm already.", "该报警已由他人处理。"],
  "alarms.acknowledged": ["Acknowledged: {message}", "已确认：{message}"],
  "alarms.new": ["New alarm, {severity}: {message}", "新报警（{severity}）：{message}"],
  "alarms.worse": ["Alarm now {severity}: {message}", "报警升级为{severity}：{message}"],
  "alarms.times": ["{count} times", "共 {count} 次"],
  "alarms.advice": ["What to do", "处置建议"],
  "alarms.evidence": ["Evidence", "依据"],
  "alarms.measured": ["measured {value} at {time}", "{time} 测值 {value}"],
  "alarms.limit": ["limit {limit}", "限值 {limit}"],
  "alarms.deviation": ["{deviation} robust deviations, limit {limit}", "偏差 {deviation} 倍稳健标准差，限值 {limit}"],
  "alarms.peak": ["peak {severity}", "最高级别 {severity}"],

  "state.unacknowledged": ["unacknowledged", "未确认"],
  "state.acknowledged": ["acknowledged", "已确认"],
  "state.returned-unacknowledged": ["returned, unacknowledged", "已恢复，未确认"],
  "state.normal": ["closed", "已关闭"],
  "state.by": ["by {actor}", "{actor}"],

  "map.title": ["Map", "地图"],
  "map.label": [
    "Map of assets. The same assets can be chosen in the list above it.",
    "设施地图。也可以在上方列表中选择同样的设施。",
  ],
  "map.legend": ["Legend", "图例"],
  "map.schematic": ["District outlines are schematic, not administrative boundaries.", "区界为示意，并非行政区划。"],
  "map.choose": ["Choose an asset", "选择设施"],
  "map.zoom-in": ["Zoom in", "放大"],
  "map.zoom-out": ["Zoom out", "缩小"],

  "asset.title": ["Asset", "设施"],
  "asset.none": [
    "Choose an asset in the alarm table, on the map or in its list.",
    "请在报警列表、地图或设施列表中选择设施。",
  ],
  "asset.responsible": ["Responsible: {unit}", "责任单位：{unit}"],
  "asset.no-streams": ["No data: no sensors are installed here.", "无数据：此处未安装传感器。"],
  "asset.streams": ["Datastreams with their newest values", "数据流及最新值"],
  "asset.quantity": ["Quantity", "监测量"],
  "asset.value": ["Value", "数值"],
  "asset.quality": ["Quality", "质量"],
  "asset.age": ["Age", "距今"],
  "asset.never": ["no data: never heard", "无数据：从未上报"],
  "asset.stale": ["stale", "已过时"],

  "quality.1": ["pass", "合格"],
  "quality.2": ["not evaluated", "未评定"],
  "quality.3": ["suspect", "可疑"],
  "quality.4": ["fail", "不合格"],
  "quality.9": ["missing", "缺失"],

  "chart.range": ["Time range", "时间范围"],
  "chart.hours-1": ["1 h", "1 小时"],
  "chart.hours-6": ["6 h", "6 小时"],
  "chart.hours-24": ["24 h", "24 小时"],
  "chart.limits": ["Limits", "限值"],
  "chart.as-table": ["Table", "表格"],
  "chart.empty": ["No data in the last {hours} h.", "最近 {hours} 小时无数据。"],
  "chart.summary": [
    "{count} values from {low} to {high}; newest {last}.",
    "共 {count} 个值，最低 {low}，最高 {high}，最新 {last}。",
  ],
  "chart.faulty": ["{count} suspect or failed.", "可疑或不合格 {count} 个。"],
  "chart.usual": ["Usual for this hour: {expected} ± {scale}.", "该时段通常为 {expected} ± {scale}。"],
  "chart.truncated": ["Only the newest part is shown.", "仅显示最新部分。"],
  "chart.time": ["Time", "时间"],
  "chart.faulty-series": ["suspect or fail", "可疑或不合格"],

  "coverage.title": ["Coverage", "监测覆盖率"],
  "coverage.monitored": ["monitored", "已监测"],
  "coverage.of": ["of", "/"],
  "coverage.figure": ["{monitored} of {required} monitored = {share}", "已监测 {monitored} / {required} = {share}"],
  "coverage.nothing": ["no data: nothing is required", "无数据：无应监测设施"],
  "coverage.none": [
    "No data: coverage has not been computed yet. It appears a few minutes after analytics starts.",
    "无数据：覆盖率尚未计算，分析进程启动几分钟后出现。",
  ],
  "coverage.synthetic": ["synthetic registry", "合成台账"],
  "coverage.synthetic-why": [
    "{synthetic} of {all} entries in the denominator are invented.",
    "分母中 {all} 项有 {synthetic} 项为合成。",
  ],
  "coverage.steps": [
    "{required} required, {installed} installed, {reporting} reporting, {monitored} monitored",
    "应监测 {required}，已安装 {installed}，有上报 {reporting}，已监测 {monitored}",
  ],
  "coverage.rule": [
    "Monitored: {properties} each with {share} of expected observations of good quality within {window}. Source of the rule: {source}.",
    "已监测：{properties} 各自在 {window}内有 {share} 的应有观测质量合格。规则来源：{source}。",
  ],
  "coverage.at": ["as of {time}", "截至 {time}"],
  "coverage.gaps": ["{count} gaps", "{count} 处缺口"],
  "coverage.show-gaps": ["Show {count} gaps with reasons", "显示 {count} 处缺口及原因"],
  "coverage.hide-gaps": ["Hide the gaps", "收起缺口"],
  "reason.monitored": ["monitored", "已监测"],
  "reason.not-installed": ["not installed", "未安装"],
  "reason.not-reporting": ["not reporting", "无上报"],
  "reason.not-passing": ["too little good data", "合格数据不足"],
  "reason.sensors": ["{property}: {share} good", "{property}：合格 {share}"],
  "reason.no-sensor": ["{property}: no sensor", "{property}：无传感器"],
};

const INDEX = { en: 0, zh: 1 };
export const LANGUAGES = [
  ["en", "English"],
  ["zh", "中文"],
];

/** Return the words of a language: `t` for our own texts, `name` for rows that carry both languages. */
export function wordsIn(lang) {
  return {
    lang,
    t(key, values = {}) {
      const text = TEXTS[key]?.[INDEX[lang]] ?? key;
      return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
    },
    name: (row, stem = "name") => row?.[`${stem}_${lang}`] ?? "",
  };
}

/** What texts.js has, or `undefined` where a value of the API is newer than this console. */
export const hasText = (key) => key in TEXTS;
