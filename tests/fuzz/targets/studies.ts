import { mergeStudyFiles } from "../../../src/study/merge_study_files.ts";
import { renderStudyJson } from "../../../src/study/text/study_json.ts";
import { renderStudy } from "../../../src/study/text/render_study.ts";
import { StudyError } from "../../../src/study/study_options.ts";
import { readStudyFile } from "../../../src/study/study_file.ts";
import { StudyTally } from "../../../src/study/study_tally.ts";
import { makeHeader, makePoints } from "../../networks/studies.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "studies",
  about: "Damaged parts of a study are merged, or refused in a sentence that names a file.",
  shortRun: 200,
  async open() {
    const folder = await Deno.makeTempDir();
    const header = makeHeader({ scales: [0.5, 1, 2], activations: ["relu", "tanh"] });
    const points = makePoints(header);
    const whole = renderStudyJson({ ...header, points });
    const parts = [1, 2].map((index) => {
      const half = points.filter(({ index: at }) => (at < 3) === (index === 1));
      return renderStudyJson({ ...header, shard: { index, count: 2 }, points: half });
    });
    return {
      async tryOne(chance) {
        const texts = chance.happens(0.5) ? parts : [whole];
        const damaged = chance.integer(0, texts.length - 1);
        const paths = texts.map((_, index) => `${folder}/part${index}.json`);
        for (const [index, text] of texts.entries()) {
          await Deno.writeFile(
            paths[index],
            index === damaged ? damage(text) : new TextEncoder().encode(text),
          );
        }
        try {
          const files = [];
          for (const path of paths) files.push(await readStudyFile(path));
          const merged = mergeStudyFiles(files);
          const tally = new StudyTally(merged.header);
          for await (const point of merged.points) tally.add(point);
          renderStudy(tally.result(), { width: 80, color: false });
        } catch (error) {
          // Missing points are in none of the files.
          requireClearError(error, [StudyError], [/part\d\.json|in no part/]);
        }

        /** A line or a byte of it changed: each point, and each key before them, has a line. */
        function damage(text: string): Uint8Array<ArrayBuffer> {
          const bytes = new TextEncoder().encode(text);
          if (chance.happens(0.3)) return mutateBytes(bytes, chance);
          const lines = text.split("\n");
          const at = chance.integer(0, lines.length - 1);
          const [, key = "", json, comma] = /^(\s*(?:"[^"]*": )?)(.*?)(,?)$/.exec(lines[at])!;
          try {
            const value = mutateJson(JSON.parse(json), chance);
            lines[at] = `${key}${JSON.stringify(value)}${comma}`;
          } catch {
            lines.splice(at, 1, ...chance.one([[], [lines[at], lines[at]], [""]]));
          }
          return new TextEncoder().encode(lines.join("\n"));
        }
      },
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  },
};
