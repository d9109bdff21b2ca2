import { fixWords } from "../render/render_diagnosis.ts";
import { VERDICT_LOOKS } from "../render/verdicts.ts";
import { historyVerdict, lossSentence } from "./history_page.ts";
import { foundCause, type HistoryRecord, shownRecords } from "./history_view.ts";
import { modelTitle } from "./markup.ts";
import { imageLines, renderDrawing } from "./report_image.ts";
import { drawLosses } from "./show_training.ts";

/**
 * Renders the history of a training as one image: the verdict, the cause and its fix, and the
 * held-out loss over the steps with the verdict from each measurement on.
 *
 * @param history At least one record.
 */
export function renderHistoryImage(history: readonly HistoryRecord[]): string {
  const found = foundCause(history, []);
  const { verdict, words } = historyVerdict(history, found);
  return renderDrawing({
    title: modelTitle(history[history.length - 1].measurements),
    verdict: { word: verdict.toUpperCase(), words, tone: VERDICT_LOOKS[verdict].tone },
    lines: found === null
      ? imageLines(lossSentence(history), [])
      : imageLines(found.cause.message, fixWords(found.cause, found.layers)),
    drawing: drawLosses(shownRecords(history), { steps: [], found }),
    kind: "steps",
    about: "Loss on the held-out batch over the steps, and the verdict from each measurement on.",
  });
}
