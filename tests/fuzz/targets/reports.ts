import { parseReport, renderJson } from "../../../src/core/text/report_document.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "reports",
  about: "A damaged JSON report is read, or refused in a sentence that names the place.",
  shortRun: 300,
  open() {
    const report = JSON.parse(
      renderJson(measurements([layer("dense_1", {})]), [finding("dense_1")]),
    );
    return Promise.resolve({
      tryOne(chance) {
        const text = JSON.stringify(mutateJson(report, chance));
        try {
          parseReport(text);
        } catch (error) {
          requireClearError(error, [SyntaxError, TypeError]);
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
