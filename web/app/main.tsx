import { createRoot } from "react-dom/client";
import { createClient } from "@sdk";

import "../ui/fonts.css";
import "../ui/tokens.css";
import "../ui/base.css";
import { App } from "./App";
import { language, setLanguage } from "./i18n";
import { applyTheme } from "./theme";

// React Aria would put a <style> element here, which the page's policy refuses; base.css holds its one rule instead.
const mark = document.createElement("meta");
mark.id = "react-aria-pressable-style";
document.head.append(mark);

applyTheme();
setLanguage(language());
const client = createClient();
void client.start();

const root = document.getElementById("root");
if (root) createRoot(root).render(<App client={client} />);
