import { refusesWithin } from "./bombs/refuses_within.ts";

/** Input of each command line; `FILE` stands for a device or a pipe, `NET` for a model. */
const LINES: readonly string[] = [
  ...["json", "keras", "h5", "pt", "safetensors", "ts"].map((ending) => `report FILE.${ending}`),
  ...["npz", "npy", "csv", "json"].map((ending) => `report NET --batch FILE.${ending}`),
  ...["safetensors", "pt", "h5"].map((ending) => `report NET --weights FILE.${ending}`),
  "report NET --register FILE.ts",
  "report NET --plugin FILE.ts",
  "check NET --no-config --baseline FILE.json",
  "check NET --no-config --baseline FILE.json --update-baseline",
  "check --config FILE.json",
  "diff FILE.json NET",
  "merge FILE.json --out OUT",
  "init FILE.keras --yes",
];

const NET = {
  class_name: "Sequential",
  config: {
    name: "net",
    layers: [
      { class_name: "InputLayer", config: { name: "i", batch_shape: [null, 2] } },
      { class_name: "Dense", config: { name: "d", units: 2 } },
    ],
  },
};

/** Makes something that is not a file, under a name that a file could have. */
type Make = (path: string) => Promise<void>;

const link: Make = (path) => Deno.symlink("/dev/zero", path);

const pipe: Make = async (path) => {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error("mkfifo failed");
};

for (const [what, make] of [["a link to a device", link], ["a pipe", pipe]] as const) {
  Deno.test({
    name: `every command refuses ${what} in place of a file`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await Deno.writeTextFile(`${folder}/net.json`, JSON.stringify(NET));
        for (const ending of new Set(LINES.map((line) => /FILE\.(\w+)/.exec(line)![1]))) {
          await make(`${folder}/x.${ending}`);
        }
        const lines = LINES.map((line) => ({
          args: line.replaceAll("FILE", `${folder}/x`).replaceAll("NET", `${folder}/net.json`)
            .replaceAll("OUT", `${folder}/out.json`).split(" "),
          includes: "it is not a file but a device or a pipe",
        }));
        await refusesWithin(lines);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
