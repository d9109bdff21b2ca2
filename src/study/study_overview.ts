import { formatCount, formatFactor } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { Study } from "./study.ts";
import type { StudySummary } from "./study_summary.ts";

/** Gives a summary a printed and a shown form: a line per variant. */
export function shownSummary(summary: StudySummary): StudySummary {
  return withOverview(summary, overview, { of: "study", given: () => summary });
}

/** Gives a study the printed and the shown form of its summary. */
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
