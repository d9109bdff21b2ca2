/** The modules that write what a format holds, by their paths from this folder. */
interface Renderers {
  "./render_text.ts": typeof import("./render_text.ts");
  "./render_gate_text.ts": typeof import("./render_gate_text.ts");
  "./render_difference.ts": typeof import("./render_difference.ts");
  "./render_study.ts": typeof import("./render_study.ts");
  "./render_json.ts": typeof import("./render_json.ts");
  "./render_gate_json.ts": typeof import("./render_gate_json.ts");
  "../documents/difference.ts": typeof import("../documents/difference.ts");
  "../documents/study.ts": typeof import("../documents/study.ts");
  "../documents/study_csv.ts": typeof import("../documents/study_csv.ts");
  "./render_junit.ts": typeof import("./render_junit.ts");
  "./render_github.ts": typeof import("./render_github.ts");
  "./render_markdown.ts": typeof import("./render_markdown.ts");
  "./render_difference_markdown.ts": typeof import("./render_difference_markdown.ts");
  "./render_study_markdown.ts": typeof import("./render_study_markdown.ts");
  "./render_sarif.ts": typeof import("./render_sarif.ts");
  "./render_study_summary.ts": typeof import("./render_study_summary.ts");
  "../picture/report_page.ts": typeof import("../picture/report_page.ts");
  "../picture/gate_page.ts": typeof import("../picture/gate_page.ts");
  "../picture/study_page.ts": typeof import("../picture/study_page.ts");
  "../picture/report_image.ts": typeof import("../picture/report_image.ts");
}

/**
 * A module that writes what a format holds. Its path is no literal in an `import()`: the formats stand in the help of most
 * subcommands, and Deno would read all of these, with Plot and linkedom some 900 modules, before one of them answers.
 */
export async function renderer<P extends keyof Renderers>(path: P): Promise<Renderers[P]> {
  return await import(path);
}
