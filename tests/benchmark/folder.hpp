// A temporary folder, official files in it, and the message of an error.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <hones/base/error.hpp>
#include <hones/base/file.hpp>
#include <hones/benchmark/prepare.hpp>

namespace hones::benchmark::test {

class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("hones_benchmark_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    write_file(path_ / name, text);
    return path_ / name;
  }
  std::filesystem::path write(const std::string& name, const nlohmann::json& value) const {
    return write(name, value.dump());
  }

 private:
  std::filesystem::path path_;
};

template <typename E, typename F>
std::string message_of(F action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

inline void expect_says(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "\"" << part << "\" not in: " << message;
}

// The four official files as JSON values, for `images` images that all pass: five captions of words that no
// other caption has all of, one sign, two questions.
struct Official {
  nlohmann::json captions, scene_text, questions, annotations;

  explicit Official(int images) {
    captions = {{"info", nlohmann::json::object()}, {"licenses", nlohmann::json::array()}};
    scene_text = {{"cats", nlohmann::json::object()},
                  {"imgs", nlohmann::json::object()},
                  {"anns", nlohmann::json::object()},
                  {"imgToAnns", nlohmann::json::object()}};
    captions["images"] = captions["annotations"] = nlohmann::json::array();
    questions["questions"] = annotations["annotations"] = nlohmann::json::array();
    for (int i = 1; i <= images; ++i) add(i);
  }

  void add(int id) {
    const std::string file = "COCO_train2014_" + std::to_string(id) + ".jpg";
    captions["images"].push_back({{"id", id}, {"file_name", file}, {"width", 64}, {"height", 48}});
    for (int c = 0; c < 5; ++c) {
      captions["annotations"].push_back(
          {{"id", 10 * id + c},
           {"image_id", id},
           {"caption", "A thing number " + std::to_string(id) + " seen by " + std::to_string(c) + "."}});
    }
    scene_text["imgs"][std::to_string(id)] = {
        {"id", id}, {"file_name", file}, {"width", 64}, {"height", 48}, {"set", "train"}};
    const int sign = 7 * id;
    scene_text["anns"][std::to_string(sign)] = {{"id", sign},
                                                {"image_id", id},
                                                {"bbox", {1.5, 2, 30, 12}},
                                                {"legibility", "legible"},
                                                {"utf8_string", "W" + std::to_string(id)}};
    scene_text["imgToAnns"][std::to_string(id)] = {sign};
    for (int q = 0; q < 2; ++q) {
      const int question = 1000 * id + q;
      questions["questions"].push_back(
          {{"question_id", question}, {"image_id", id}, {"question", "What is it?"}});
      nlohmann::json answers = nlohmann::json::array();
      for (int a = 1; a <= 10; ++a) {
        answers.push_back(
            {{"answer", a < 8 ? "thing" : "dog"}, {"answer_confidence", "yes"}, {"answer_id", a}});
      }
      annotations["annotations"].push_back({{"question_id", question},
                                            {"image_id", id},
                                            {"question_type", "what is"},
                                            {"answer_type", "other"},
                                            {"multiple_choice_answer", "thing"},
                                            {"answers", answers}});
    }
  }

  // Writes them under their official names, with a folder of files that stand for pictures.
  PrepareOptions write(const Folder& folder) const {
    folder.write("source/captions_train2014.json", captions);
    folder.write("source/cocotext.v2.json", scene_text);
    folder.write("source/v2_OpenEnded_mscoco_train2014_questions.json", questions);
    folder.write("source/v2_mscoco_train2014_annotations.json", annotations);
    std::filesystem::create_directories(folder / "source/images");
    for (const auto& image : captions["images"]) {
      const std::string name = image["file_name"];
      folder.write("source/images/" + name, "picture " + name);
    }
    PrepareOptions options;
    find_sources(folder / "source", options);
    options.out = folder / "out";
    return options;
  }
};

}  // namespace hones::benchmark::test
