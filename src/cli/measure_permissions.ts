import { engineFileUrl } from "../engine/engine_files.ts";

const path = (file: Parameters<typeof engineFileUrl>[0]) => {
  const { pathname } = engineFileUrl(file);
  // On Windows a path is /C:/..., of which the first sign is none of it.
  return decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:\/)/, "");
};

/** What it takes to write a file: to rename one, Deno wants it to be readable as well. */
export const WRITE_PERMISSIONS = "--allow-read=FOLDER --allow-write=FOLDER";

/** What a subcommand that measures needs to be allowed, with the paths that the files have here. */
export const MEASURE_PERMISSIONS: readonly string[] = [
  `--allow-read=FOLDER,${path("single")}  FOLDER is that of MODEL, one more that of --batch; the ` +
  `file is TensorFlow.js's WASM binary. A .ts or .js MODEL runs with these permissions and may ` +
  `need more`,
  `--allow-read=${path("threaded")},${path("glue")}  for --threads above 1, which auto takes for ` +
  `large models`,
  `${WRITE_PERMISSIONS}  that of --out FILE, which is written beside its place and then renamed`,
];
