# SPDX-License-Identifier: Apache-2.0
# report.json as a page for people. Pictures are named beside it; "cockpit faults" puts small ones into the page itself.
def ms: if . == null then "–" elif . >= 10000 then "\(. / 100 | round / 10) s" else "\(. * 10 | round / 10) ms" end;
def number: if . == null then "not measured" else tostring end;
def colour: {live: "#2f8f83", hold: "#e0a93b", fallback: "#5b6b80", waiting: "#c9d1da", away: "#c0392b"}[.] // "#dddddd";
def words: {live: "live", hold: "holds its last frame", fallback: "fallback picture", waiting: "no source yet", away: "no compositor"}[.] // .;

# What a figure is called, by people.
def title: {
  cluster_missed: "cluster frames missed", cluster_missed_percent: "cluster frames missed, %", cluster_gap_ms: "longest time without a new cluster frame, ms",
  bus_to_glass_ms: "telltale: bus to screen, ms", loss_to_glass_ms: "lost message: shown as unknown after, ms", fallback_ms: "fallback picture after, ms",
  recover_ms: "back after, ms", commit_ms: "next compositor's first commit after, ms", frame_ms: "next cluster frame after, ms", adopted: "taken over without a modeset", own_ms: "from its main() to its commit, ms",
  stayed_live: "the zone stayed live", unrecorded: "vblanks not recorded", descriptors: "the compositor's descriptors", oom_kills: "the hog was killed",
  cluster_refused: "commits refused and saved", injected: "the fault happened", seen: "its effect was seen", undone: "all was put right"
}[.] // gsub("_"; " ");

def timeline: . as $fault
  | ([.timeline[][] | .from_ms] | min // 0) as $from | ([.timeline[][] | .to_ms // 0] | max // 1) as $to
  | ($to - $from) as $span
  | def x: ((. - $from) / $span * 860 + 100 | . * 10 | round / 10);
  (.timeline | to_entries) as $zones
  | "<svg viewBox=\"0 0 970 \($zones | length * 20 + 26)\" role=\"img\" aria-label=\"states of the zones over time\">"
  + ([$zones | to_entries[] | .key as $row | .value
      | "<text x=\"0\" y=\"\($row * 20 + 14)\" class=\"zone\">\(.key | @html)</text>"
      + ([.value[] | select(.to_ms != null) | "<rect x=\"\(.from_ms | x)\" y=\"\($row * 20 + 2)\" width=\"\([((.to_ms - .from_ms) / $span * 860), 0.6] | max)\" height=\"15\" fill=\"\(.state | colour)\"><title>\(.state | words), \(.from_ms | ms) to \(.to_ms | ms)</title></rect>"] | add // "")] | add // "")
  + "<line x1=\"\(0 | x)\" x2=\"\(0 | x)\" y1=\"0\" y2=\"\($zones | length * 20 + 6)\" class=\"mark\"/>"
  + "<text x=\"\(0 | x)\" y=\"\($zones | length * 20 + 20)\" class=\"axis\" text-anchor=\"middle\">fault</text>"
  + "<text x=\"100\" y=\"\($zones | length * 20 + 20)\" class=\"axis\">\($from | ms)</text>"
  + "<text x=\"960\" y=\"\($zones | length * 20 + 20)\" class=\"axis\" text-anchor=\"end\">\($to | ms)</text></svg>";

def pictures: . as $fault | "<div class=\"pictures\">" + (["before", "during", "after"] | map(. as $when | $fault.pictures[$when] // null
  | if . == null then "<figure class=\"none\"><figcaption>no picture \($when)</figcaption></figure>"
    else "<figure><a href=\"\(.)\"><img src=\"\(.)\" alt=\"\($when) the fault\" loading=\"lazy\"></a><figcaption>\($when)</figcaption></figure>" end) | add) + "</div>";

def budget: "<table><tr><th>budget</th><th>allowed</th><th>measured</th><th></th></tr>" + ([.budget[]
  | "<tr class=\"\(if .kept then "kept" else "broken" end)\"><td>\(.figure | title)</td><td>\(if .bound == ">=" then "at least " else "at most " end)\(.limit | . * 10 | round / 10)\(if .over_baseline then " (quiet + allowance)" else "" end)</td><td>\(.measured | if . == null then "not measured" else . * 10 | round / 10 end)</td><td>\(if .kept then "✓" else "✗" end)</td></tr>"] | add // "") + "</table>";

def facts: .figures as $f | "<p class=\"facts\">In \($f.window_ms | ms): \($f.cluster_due // 0 | number) cluster frames due, \($f.cluster_missed // 0 | number) missed, longest gap \($f.cluster_gap_ms | ms) (\($f.cluster_gap_periods // 0 | . * 10 | round / 10) refresh periods). In the quiet \($f.baseline_ms | ms) just before: \($f.baseline_cluster_missed // 0 | number) missed, \($f.baseline_cluster_gap_ms | ms)."
  + (if $f.bus_to_glass_ms then " Telltales took \($f.bus_to_glass_median_ms | ms) (median) to \($f.bus_to_glass_ms | ms) (worst) from the bus to the screen." else "" end)
  + (if ($f.held // 0) + ($f.cluster_held // 0) > 0 then " Taking the pictures held up \($f.cluster_held) more frames." else "" end)
  + (if $f.restart_ms then " The next compositor's main() began after \($f.main_ms | ms), and its first commit came \($f.own_ms | ms) later. <b>This machine itself</b> took \($f.restart_ms | ms) to bring back a killed service that does nothing, from SIGKILL to its first instruction, \($f.restart_confined_ms | ms) one that is confined as the compositor is (medians of five), and \($f.process_ms | ms) to start and end a process that does nothing." else "" end) + "</p>";

def card: "<section id=\"\(.name)\" class=\"\(if .passed then "pass" else "fail" end)\"><h2>\(.name | gsub("-"; " ") | @html) <span class=\"verdict\">\(if .passed then "pass" else "fail" end)</span></h2><p class=\"about\">\(.about // "" | @html)</p>"
  + pictures + timeline + "<div class=\"columns\">" + budget + facts + "</div></section>";

def overview: "<table class=\"overview\"><tr><th>fault</th><th>cluster frames missed</th><th>longest gap</th><th>detected</th><th>fallback</th><th>back</th><th></th></tr>" + ([.faults[] | .figures as $f
  | "<tr class=\"\(if .passed then "kept" else "broken" end)\"><td><a href=\"#\(.name)\">\(.name | gsub("-"; " "))</a></td><td>\($f.cluster_missed // "–") of \($f.cluster_due // "–")</td><td>\($f.cluster_gap_ms | ms)</td><td>\($f.detect_ms | ms)</td><td>\($f.fallback_ms // null | ms)</td><td>\($f.recover_ms // $f.frame_ms // null | ms)</td><td>\(if .passed then "✓" else "✗" end)</td></tr>"] | add) + "</table>";

def early: .early_cluster as $e | if $e.first_cluster_frame_ms == null then "" else
  ([$e.userspace_ms, $e.first_cluster_frame_ms, $e.guest_started_ms] | max) as $max
  | def bar($name; $value): "<div class=\"bar\"><span>\($name)</span><i style=\"width:\($value / $max * 60 | . * 10 | round / 10)%\"></i><b>\($value | ms)</b></div>";
  "<section><h2>From the kernel's start</h2>" + bar("userspace"; $e.userspace_ms) + bar("compositor started"; $e.compositor_started_ms)
  + bar("first cluster frame"; $e.first_cluster_frame_ms) + bar("first guest started"; $e.guest_started_ms)
  + "<p class=\"facts\">The cluster is on the screen \(if $e.before_guest then "before" else "AFTER" end) any guest starts.</p></section>" end;

def style: "
:root{--ink:#1d2733;--soft:#5b6b80;--line:#e2e7ec;--good:#2f8f83;--bad:#c0392b}
*{box-sizing:border-box}body{margin:0;background:#f6f8f9;color:var(--ink);font:15px/1.5 system-ui,'Segoe UI',Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:36px 24px 80px}
h1{font-size:30px;font-weight:600;margin:0 0 6px;letter-spacing:-.01em}h2{font-size:19px;font-weight:600;margin:0 0 4px;text-transform:none}
h2::first-letter{text-transform:uppercase}.lead{color:var(--soft);max-width:60em;margin:0 0 24px}
.numbers{display:flex;gap:16px;flex-wrap:wrap;margin:0 0 28px}.numbers div{background:#fff;border:1px solid var(--line);border-radius:10px;padding:14px 20px;min-width:190px}
.numbers b{display:block;font-size:26px;font-weight:600;font-variant-numeric:tabular-nums}.numbers span{color:var(--soft);font-size:13px}
section{background:#fff;border:1px solid var(--line);border-radius:12px;padding:22px 24px;margin:0 0 22px}
.verdict{float:right;font-size:13px;font-weight:600;border-radius:99px;padding:3px 14px;color:#fff;background:var(--good)}.fail .verdict{background:var(--bad)}
.about{margin:0 0 14px;color:var(--soft);max-width:62em}.pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:12px;margin:0 0 14px}
figure{margin:0}figure img{width:100%;display:block;border-radius:6px;background:#0b0e13;aspect-ratio:8/3;object-fit:cover}figcaption{font-size:12px;color:var(--soft);padding-top:3px}
.none{border:1px dashed var(--line);border-radius:6px;padding:12px}svg{width:100%;height:auto;display:block;margin:0 0 12px}
.zone,.axis{font-size:11px;fill:#5b6b80}.zone{font-size:12px;fill:#1d2733}.mark{stroke:#c0392b;stroke-width:1.5}
.columns{display:grid;grid-template-columns:3fr 2fr;gap:26px;align-items:start}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--soft);font-size:12px}td,th{padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}tr:last-child td{border-bottom:0}
.broken td{color:var(--bad)}td:last-child{color:var(--good);font-weight:700;text-align:right;padding-right:0}.broken td:last-child{color:var(--bad)}
.facts{font-size:13.5px;color:var(--soft);margin:0}a{color:inherit;text-decoration-color:#b9c4cf;text-underline-offset:3px}
.overview td:first-child::first-letter{text-transform:uppercase}.bar{display:flex;align-items:center;gap:12px;font-size:13.5px;margin:5px 0}.bar span{width:170px;color:var(--soft)}.bar i{height:13px;background:var(--good);border-radius:3px}.bar b{font-weight:600;font-variant-numeric:tabular-nums}
.key{display:flex;gap:18px;font-size:12.5px;color:var(--soft);margin:0 0 22px;flex-wrap:wrap}.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
@media(max-width:800px){.pictures,.columns{grid-template-columns:1fr}}@media print{section{break-inside:avoid}}";

.summary as $s
| "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>vcockpit: fault report</title><style>\(style)</style></head><body><main>"
+ "<h1>Nothing below may touch the cluster</h1><p class=\"lead\">Each fault was injected into the running cockpit. The pictures are what the display controller really put out (KMS writeback); the times are from the compositor's own frame log."
+ (if .machine.column == "tcg" then " This machine is <b>emulated</b>: its \(.machine.cpus) CPUs and its clock share real ones with everything else, so frames are missed in quiet times as well. Those are shown beside, and bounds are over them; for budgets in milliseconds, real hardware has tighter ones." else "" end)
+ (if .without then " <b>Protection “\(.without | @html)” was switched off for this run.</b>" else "" end) + "</p>"
+ "<div class=\"numbers\"><div><b>\($s.passed) of \($s.faults)</b><span>faults within their budget</span></div>"
+ "<div><b>\($s.below_cluster_missed) of \($s.below_cluster_due)</b><span>cluster frames missed, faults below it</span></div>"
+ "<div><b>\($s.below_baseline_missed) of \($s.below_baseline_due)</b><span>missed in quiet times between</span></div>"
+ (if .early_cluster.first_cluster_frame_ms then "<div><b>\(.early_cluster.first_cluster_frame_ms | ms)</b><span>kernel start to first cluster frame</span></div>" else "" end) + "</div>"
+ early + "<section><h2>All faults</h2>" + overview + "</section>"
+ "<div class=\"key\">" + (["live", "hold", "fallback", "waiting", "away"] | map("<span><i style=\"background:\(colour)\"></i>\(words)</span>") | add) + "</div>"
+ ([.faults[] | card] | add // "") + "<p class=\"facts\">Linux \(.machine.kernel | @html), \(.machine.cpus) CPUs, budgets for \(.machine.column | ascii_upcase).</p></main></body></html>"
