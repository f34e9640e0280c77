// Asks both doors again every two seconds, so that the difference is seen as it happens.
const left = document.getElementById("left");

function show(name, door) {
  const card = document.getElementById(name);
  card.classList.toggle("open", door.open);
  card.classList.toggle("closed", !door.open);
  card.querySelector(".state").textContent = door.open ? "Open" : "Closed";
  card.querySelector(".why").textContent = [door.why, door.remedy].filter(Boolean).join(" ");
  card.querySelector(".logs").replaceChildren(
    ...(door.logs || []).map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
}

async function ask() {
  const response = await fetch("/status");
  if (!response.ok) return;
  const doors = await response.json();
  if (!doors.held) return;
  left.textContent = doors.left ? `This token runs out in ${doors.left} s.` : "This token has run out.";
  show("live", doors.live);
  show("offline", doors.offline);
}

if (left) setInterval(() => ask().catch(() => {}), 2000);
