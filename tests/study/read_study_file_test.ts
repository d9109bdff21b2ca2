import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { renderStudyJson } from "../../src/study/text/study_json.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { readStudyFile } from "../../src/study/study_file.ts";
import { withFolder } from "../core/model/save_model.ts";
import { makeHeader, makeLayer, makePoints } from "../networks/studies.ts";

const HEADER = makeHeader({ scales: [0.5, 1], seeds: 3 });

Deno.test("readStudyFile() gives back every figure exactly", async () => {
  const figure = fc.oneof(
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity, 5e-324, 1e308),
  ).map((x) => x === 0 ? 0 : x);
  const name = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("  ]", "a\nb", "\u2028"));
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(figure, fc.option(figure), name, async (objective, deltaRatio, layer) => {
        const layers = [makeLayer(layer, { gradient: objective, sigma: deltaRatio })];
        const points = makePoints(HEADER, () => ({ objective, deltaRatio, layers }));
        await Deno.writeTextFile(`${folder}/a.json`, renderStudyJson({ ...HEADER, points }));
        const file = await readStudyFile(`${folder}/a.json`);
        assertEquals(file.header, HEADER);
        assertEquals(await Array.fromAsync(file.points()), points);
      }),
      { numRuns: 50 },
    );
  });
});

Deno.test("readStudyFile() says which line of which file is wrong", async () => {
  const text = renderStudyJson({ ...HEADER, points: makePoints(HEADER) });
  const lines = text.split("\n");
  const first = lines.indexOf('  "points": [') + 1;
  const with_ = (line: number, change: (line: string) => string) =>
    lines.map((own, i) => i === line ? change(own) : own).join("\n");
  const wrong: [string, string][] = [
    ["", "a.json ends at line 0"],
    ["[]", 'a.json, line 1 is "[]", expected a study'],
    ['{"version":1}\n', "a.json, line 1 is"],
    [lines.slice(0, 5).join("\n"), "a.json ends at line 5"],
    [lines.slice(0, first + 2).join("\n"), `a.json ends at line ${first + 2}`],
    [with_(first, () => "{,"), `a.json, line ${first + 1}: it is not JSON`],
    [
      with_(first, (line) => line.replace('"healthy":true', '"healthy":1')),
      `a.json, line ${first + 1}: healthy is 1, expected true or false`,
    ],
    [
      with_(first + 1, () => lines[first]),
      `line ${first + 2} is point 0, expected one from 1 to 5`,
    ],
    [
      text.replace('"format": "gradient-health study"', '"format": "x"'),
      'line 1: format is "x", expected',
    ],
    [
      text.replace('"total": 6', '"total": 3'),
      "total is 3, expected 6, the points of its grid",
    ],
    [
      with_(first, (line) => line.replace('"scale":0.5', '"scale":0.25')),
      `line ${first + 1} is point 0 (seed 0, scale 0.25), expected point 0 (seed 0, scale 0.5)`,
    ],
  ];
  await withFolder(async (folder) => {
    for (const [content, message] of wrong) {
      await Deno.writeTextFile(`${folder}/a.json`, content);
      await assertRejects(
        async () => await Array.fromAsync((await readStudyFile(`${folder}/a.json`)).points()),
        StudyError,
        message,
      );
    }
    await assertRejects(
      () => readStudyFile(`${folder}/b.json`),
      StudyError,
      "there is no such file",
    );
  });
});

Deno.test("readStudyFile() refuses a number of points, and a shard, that its grid does not have", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/study.json`;
    const text = renderStudyJson({ ...HEADER, points: makePoints(HEADER) });
    const cases = [
      [/"total": \d+/, '"total": 1000000000000', "total is 1000000000000, expected"],
      [/"shard": null/, '"shard": {"index":3,"count":2}', "shard is 3/2, expected"],
    ] as const;
    for (const [key, value, says] of cases) {
      await Deno.writeTextFile(path, text.replace(key, value));
      await assertRejects(() => readStudyFile(path), StudyError, `study.json, line 1: `);
      await assertRejects(() => readStudyFile(path), StudyError, says);
    }
  });
});

Deno.test("readStudyFile() refuses a line that has no end", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.truncate(path, 2 ** 40);
    const { message } = await assertRejects(() => readStudyFile(path), StudyError);
    assertEquals(message, `${path}: One line has more than 16777216 characters, expected fewer`);
  } finally {
    await Deno.remove(path);
  }
});
