import { isOpen } from "../render/gate_words.ts";
import { judgedWeights } from "../diagnosis/diagnose.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import type { GateFinding } from "../gate/gate_result.ts";
import { SEVERITIES } from "../rules/finding.ts";
import { allRules } from "../rules/register_rule.ts";
import type { Rule } from "../rules/rule.ts";
import { attention } from "../rules/signal/attention.ts";
import { deadUnits } from "../rules/signal/dead_units.ts";
import { saturatedActivations } from "../rules/signal/saturated_activations.ts";
import { blocksAlike } from "../rules/weights/blocks_alike.ts";
import { formatCount } from "../words/numbers.ts";
import { type Markup, markup, prose } from "./markup.ts";

type Checked = Pick<DiagnosedReport, "measurements"> & { findings: readonly GateFinding[] };

/** Rules about some kinds of layers: they have nothing to judge where no layer has their figure. */
const OF_SOME_LAYERS: readonly Rule[] = [attention, deadUnits, saturatedActivations];

/** Groups the rules that judged a network by the gravest severity of their findings. */
function checked({ measurements, findings }: Checked) {
  const open = findings.filter(isOpen);
  const isFile = measurements.weightsOnly !== undefined;
  // Of a network, exponents are judged if it is asked for, and blocks not at all.
  const isSilent = ({ name, exponentsAlone }: Rule) =>
    !isFile && (exponentsAlone === true || name === blocksAlike.name);
  const names = allRules()
    .filter(({ weightsAlone }) => !isFile || weightsAlone)
    .filter((rule) => !isSilent(rule) || open.some((finding) => finding.rule === rule.name))
    .map(({ name }) => name);
  const idle = new Set<string>(
    OF_SOME_LAYERS.filter(({ figure }) =>
      measurements.layers.every((layer) => figure.of(layer) === null)
    ).map(({ name }) => name),
  );
  const gravest = (rule: string) =>
    SEVERITIES.find((severity) =>
      open.some((finding) => finding.rule === rule && finding.severity === severity)
    ) ?? (idle.has(rule) ? "idle" : "passed");
  return Map.groupBy(names, gravest);
}

/** Counts the rules that found nothing, and those that found something. */
export function checkedWords(report: Checked): string {
  const groups = checked(report);
  const count = (group: "passed" | "idle" | "note" | "warning" | "error") =>
    groups.get(group)?.length ?? 0;
  const parts = [
    `${formatCount(count("passed"), "rule")} passed`,
    ...count("idle") === 0 ? [] : [`${count("idle")} had nothing to judge`],
    ...count("error") === 0 ? [] : [`${count("error")} found errors`],
    ...count("warning") === 0 ? [] : [`${count("warning")} found warnings`],
    ...count("note") === 0 ? [] : [`${count("note")} left a note`],
  ];
  return `${parts.join(", ")}.`;
}

/** Says what a file of weights leaves out. */
function othersWords(): string {
  const { rules, of } = judgedWeights();
  return `A file of weights has no topology, so nothing was run: the other ${
    of - rules
  } rules need activations, gradients or a loss.`;
}

/** Lists the rules that passed, and what the others noted: why they could not judge, mostly. */
export function showChecked(report: Checked): Markup {
  const groups = checked(report);
  const passed = groups.get("passed") ?? [];
  const idle = groups.get("idle") ?? [];
  const notes = report.findings.filter((one) => isOpen(one) && one.severity === "note");
  const noted = Map.groupBy(notes, ({ rule }) => rule);
  return markup`<p>${checkedWords(report)}</p>${
    passed.length === 0
      ? null
      : markup`<ul class="passed">${passed.map((rule) => markup`<li>${rule}</li>`)}</ul>`
  }${
    report.measurements.weightsOnly === undefined
      ? null
      : markup`<p class="small soft">${othersWords()}</p>`
  }${
    idle.length === 0
      ? null
      : markup`<p class="small soft">Nothing to judge: ${idle.join(", ")}.</p>`
  }${
    noted.size === 0
      ? null
      : markup`<dl class="notes">${
        [...noted].map(([rule, [{ message }, ...others]]) =>
          markup`<dt>${rule}</dt><dd><bdi>${prose(message)}</bdi>${
            others.length === 0 ? null : ` And ${others.length} more like it.`
          }</dd>`
        )
      }</dl>`
  }`;
}
