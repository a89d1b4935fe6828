(() => {
  const find = document.getElementById("find")
  const field = document.getElementById("filter")
  const told = document.getElementById("told")
  const items = [...document.querySelectorAll("[data-find], [data-of]")]
  const layers = items.filter((item) => item.dataset.layer)
  const sections = [...document.querySelectorAll("main > section")]

  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
    const has = (item) => words.every((word) => (item.dataset.find || "").includes(word))
    const shown = new Set(layers.filter(has).map((item) => item.dataset.layer))
    for (const item of items) {
      const withLayer = (item.dataset.of || "").split(" ").some((name) => shown.has(name))
      item.hidden = words.length > 0 && !withLayer && !(item.dataset.find && has(item))
    }
    for (const section of sections) {
      const own = [...section.querySelectorAll("[data-find], [data-of]")]
      section.classList.toggle("empty", own.length > 0 && own.every((item) => item.hidden))
    }
    told.textContent = words.length ? `${shown.size} of ${layers.length} layers` : ""
  }

  find.hidden = false
  field.addEventListener("input", filter)
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = ""
      filter()
    }
  })
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
    const seeks = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey
    if (seeks && (!typing || event.target.type === "radio")) {
      event.preventDefault()
      field.focus()
    }
  })
  if (field.value) filter()
})()
