import { formatCount, formatFactor } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { Study } from "./study.ts";
import type { StudySummary } from "./study_summary.ts";

/** Makes a summary print and show itself: a line a variant. */
export function shownSummary(summary: StudySummary): StudySummary {
  return withOverview(summary, overview, { of: "study", given: () => summary });
}

/** Makes a study print and show itself, by what it comes to. */
export function shownStudy(study: Study, summarize: (study: Study) => StudySummary): Study {
  return withOverview(study, () => overview(summarize(study)), {
    of: "study",
    given: () => summarize(study),
  });
}

function overview({ header, points, variants }: StudySummary): Overview {
  return {
    title: `study of ${header.model.name}: ${points} of ${formatCount(header.total, "point")}`,
    columns: ["variant", "best scale", "healthy from", "to", "gradients keep their size at"],
    rows: variants.map(({ label, best, band, balanced }) => [
      label,
      ...[best?.scale, band?.from, band?.to, balanced].map((scale) =>
        scale == null ? null : formatFactor(scale)
      ),
    ]),
  };
}
