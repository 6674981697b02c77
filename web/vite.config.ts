import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.REMPART_DEV_SERVER ?? "https://localhost:8443";

/**
 * On iOS an open dialog of React Aria puts a <style> element into the page, which the page's policy refuses. An element that
 * styles nothing stands in its place; base.css holds the one rule that it carried.
 */
const noStyleElements: Plugin = {
  name: "no-style-elements",
  apply: "build",
  transform(code, id) {
    if (!/overlays[\\/]usePreventScroll\.m?js$/.test(id)) return null;
    const made = code.replaceAll(/createElement\((["'])style\1\)/g, "createElement($1meta$1)");
    if (made === code || !code.includes("overscroll-behavior: contain")) this.error("usePreventScroll no longer styles as base.css expects: look at it anew");
    return { code: made, map: null };
  },
};

/** Text and titles are drawn at once in their own fonts: the page asks for them before its style sheet is read. */
const EARLY = /^assets\/(atkinson-hyperlegible-next-latin-wght-normal|inria-serif-latin-700-normal)-.*\.woff2$/;
const earlyFonts: Plugin = {
  name: "early-fonts",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler(_html, { bundle }) {
      const fonts = Object.keys(bundle ?? {}).filter((file) => EARLY.test(file));
      if (fonts.length !== 2) throw new Error(`two fonts are to be asked for early, not: ${fonts.join(", ")}`);
      return fonts.map((file) => ({ tag: "link", attrs: { rel: "preload", as: "font", type: "font/woff2", href: `/${file}`, crossorigin: "" }, injectTo: "head" as const }));
    },
  },
};

export default defineConfig({
  plugins: [react(), noStyleElements, earlyFonts],
  resolve: { alias: { "@sdk": fileURLToPath(new URL("./sdk/src/index.ts", import.meta.url)) } },
  build: {
    target: "es2022",
    outDir: "dist",
    assetsDir: "assets",
    manifest: true,
    // The page's policy allows neither inline scripts nor data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    sourcemap: false,
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: server, secure: false, ws: true, changeOrigin: true } } },
  test: {
    environment: "node",
    include: ["sdk/**/*.test.ts", "app/**/*.test.{ts,tsx}", "ui/**/*.test.{ts,tsx}"],
    pool: "threads",
    maxWorkers: 2,
  },
});
