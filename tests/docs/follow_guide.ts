import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { type Outcome, runCommand } from "../cli/run_command.ts";
import { assertShortened, type Fence, fences, readDocument, ROOT } from "./markdown.ts";

/**
 * Does what a guide says, block by block, as its reader would:
 *
 * - A block whose first line names a file, in a comment, is that file: it is written. A file of the
 *   checkout must be shown as it is.
 * - In a block of `sh` each line is run, in the checkout if it says `mod.ts`, else in the reader's
 *   folder, which at first holds the `deno.json` of the README. It must succeed, or end as its
 *   comment `# exits with N` says.
 * - A block without a language is what those lines print; `...` stands for lines left out.
 * - A block marked `ignore` is only looked at. There is no other.
 */
export async function followGuide(path: string, guide = readDocument(path)): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), linked(readmeConfiguration()));
    const reader: Reader = { folder, isChanged: false };
    let printed: string | null = null;
    for (const fence of fences(guide)) {
      const place = `${path}:${fence.line}`;
      if (fence.file !== null) await writeFile(reader, fence, place);
      else if (fence.ignored) continue;
      else if (fence.language === "sh") printed = await runLines(fence.text, reader, place);
      else {
        assertEquals(fence.language, "", `${place}: a block that nothing holds to the program`);
        assert(printed !== null, `${place}: an output, but nothing was run`);
        assertShortened(fence.text, printed.replaceAll(`${folder}/`, ""), place);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The `deno.json` that the README shows. */
export function readmeConfiguration(): string {
  return fences(readDocument("README.md")).find(({ language }) => language === "json")!.text;
}

/** A configuration of Deno that links this checkout in place of one beside the folder. */
export function linked(configuration: string): string {
  const text = configuration.replace('"../gradient-health"', JSON.stringify(ROOT.pathname));
  assert(text !== configuration, `no link to ../gradient-health: ${configuration}`);
  return text;
}

/** A command of this package and nothing else, with its arguments. */
const COMMAND =
  /^deno run -A (?:mod\.ts|jsr:@gradient-health\/gradient-health) ([^|>&;$]+?)(?: # .*)?$/;

/** The reader of a guide. */
interface Reader {
  folder: string;
  /** True once a module may have another text: a process that has imported it keeps the first. */
  isChanged: boolean;
}

async function writeFile(reader: Reader, { file, text }: Fence, place: string): Promise<void> {
  const own = await Deno.readTextFile(new URL(file!, ROOT)).catch(() => null);
  if (file!.includes("/") && own !== null) return assertEquals(text, own, `${place}: ${file}`);
  const target = join(reader.folder, file!);
  const isThere = await Deno.stat(target).then(() => true, () => false);
  if (isThere && /\.[jt]s$|^deno\.json$/.test(file!)) reader.isChanged = true;
  await Deno.mkdir(dirname(target), { recursive: true });
  await Deno.writeTextFile(target, file === "deno.json" ? linked(text) : text);
}

async function runLines(block: string, reader: Reader, place: string): Promise<string> {
  const printed: string[] = [];
  for (const line of block.replaceAll("\\\n", " ").trim().split("\n")) {
    const expected = Number(/ # exits with (\d+)$/.exec(line)?.[1] ?? 0);
    const { code, stdout, stderr } = await runLine(line, reader);
    assertEquals(code, expected, `${place}: ${line}\n${stdout}${stderr}`);
    printed.push(stdout + stderr);
  }
  return printed.join("");
}

/**
 * Runs a line: a command of this package in the process that such commands share, others in a shell.
 * The tasks of a guide show that the link of the README works.
 */
async function runLine(line: string, reader: Reader): Promise<Outcome> {
  const env = { NO_COLOR: "1", COLUMNS: "80" };
  const own = COMMAND.exec(line);
  const isCheckout = line.includes("mod.ts");
  if (own !== null && (isCheckout || !reader.isChanged)) {
    const args = [...own[1].matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
    return await runCommand(args, { cwd: isCheckout ? ROOT : reader.folder, env });
  }
  // Such as sed.
  if (own === null) reader.isChanged = true;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd: isCheckout ? ROOT : reader.folder,
    env: { ...env, PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}` },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
