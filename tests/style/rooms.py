"""The rooms as the CMake files make them: libraries, the sources they compile, the rooms they may include.

`hones_room(... ROOMS ...)` in src/**/CMakeLists.txt is the one place where an arrow is drawn. This reads it, without cmake.
"""
import dataclasses
import pathlib
import re

KEYWORDS = {"SOURCES", "ROOMS", "LIBRARIES", "PRIVATE_LIBRARIES", "TORCH", "PUBLIC", "PRIVATE", "INTERFACE", "STATIC",
            "OBJECT", "MODULE"}
CALL = re.compile(r"\b(hones_room|add_library|add_executable|target_link_libraries|set)\s*\(([^()]*)\)")
VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclasses.dataclass
class Library:
    name: str
    folder: str  # below src: "metric", "app/settings"
    line: int    # of its CMakeLists.txt
    sources: set = dataclasses.field(default_factory=set)  # paths below the root
    stems: set = dataclasses.field(default_factory=set)    # of its sources, written ones included
    knows: list = dataclasses.field(default_factory=list)
    torch: bool = False

    @property
    def where(self) -> str:
        return f"{'/'.join(filter(None, ('src', self.folder)))}/CMakeLists.txt:{self.line}"


class Rooms:
    def __init__(self, root: pathlib.Path):
        self.root = root
        self.libraries = {}
        self.strangers = []  # (library, a room it names that does not exist)
        for file in sorted((root / "src").rglob("CMakeLists.txt")):
            self.read(file)
        for library in self.libraries.values():
            self.strangers += [(library, name) for name in library.knows if name not in self.libraries]
            library.knows = [name for name in library.knows if name in self.libraries]
        self.closures = {name: self.closure(name) for name in self.libraries}

    def read(self, file: pathlib.Path) -> None:
        text = re.sub(r"#[^\n]*", "", file.read_text())
        folder = file.parent.relative_to(self.root / "src").as_posix()
        variables = {}
        for call in CALL.finditer(text):
            command, words = call.group(1), call.group(2).replace('"', " ").split()
            words = " ".join(VARIABLE.sub(lambda m: variables.get(m.group(1), m.group(0)), word) for word in words).split()
            line = text.count("\n", 0, call.start()) + 1
            if command == "set":
                variables[words[0]] = " ".join(words[1:])
            elif command == "target_link_libraries":
                self.link(words)
            elif "INTERFACE" not in words[1:2] and "ALIAS" not in words[1:2]:
                self.add(command, words, "" if folder == "." else folder, line)

    def add(self, command: str, words: list, folder: str, line: int) -> None:
        name = words[0].removeprefix("hones_") if command == "add_library" else words[0]
        library = self.libraries.setdefault(name, Library(name, folder, line))
        part = "SOURCES"
        for word in words[1:]:
            if word in KEYWORDS:
                library.torch |= word == "TORCH"
                part = word if word in ("ROOMS", "LIBRARIES", "PRIVATE_LIBRARIES") else "SOURCES"
            elif part == "SOURCES":
                library.stems.add(pathlib.PurePath(word).stem)
                library.sources.add((pathlib.PurePath("src") / folder / word).as_posix())
            elif part == "ROOMS":
                library.knows.append(word)

    def link(self, words: list) -> None:
        """target_link_libraries(hones_mpi ... hones::sweep ...)."""
        library = self.libraries.get(words[0]) or self.libraries.get(words[0].removeprefix("hones_"))
        linked = [word.removeprefix("hones::") for word in words[1:] if word.startswith("hones::")]
        if library:
            library.torch |= "torch_room" in linked
            library.knows += [name for name in linked if name not in ("compile_options", "torch", "torch_room")]

    def closure(self, name: str) -> set:
        """All that a library may include: itself, its rooms, theirs."""
        known, waiting = set(), [name]
        while waiting:
            library = waiting.pop()
            if library not in known:
                known.add(library)
                waiting += self.libraries[library].knows
        return known

    def cycles(self) -> list:
        """Libraries that know one another, each set once, in order of name."""
        found = {tuple(sorted(other for other in known if name in self.closures[other]))
                 for name, known in self.closures.items()}
        return sorted(cycle for cycle in found if len(cycle) > 1)

    def of_folder(self, folder: str) -> list:
        """Libraries made in a folder of src or below it, by the room's name as headers have it."""
        return [library for library in self.libraries.values()
                if library.folder == folder or library.folder.startswith(folder + "/")]

    def owners(self, header: str) -> list:
        """Libraries one of which must be known to include include/hones/ROOM/... or src/ROOM/...: the one that compiles a source
        of its name, otherwise any of the room."""
        path = pathlib.PurePath(header)
        folder = "/".join(path.parent.parts[2 if path.parts[0] == "include" else 1:])
        while folder and not self.of_folder(folder):
            folder = "/".join(folder.split("/")[:-1])
        libraries = self.of_folder(folder) if folder else []
        own = [library for library in libraries if library.folder == folder] or libraries
        return [library for library in libraries if path.stem in library.stems] or own
