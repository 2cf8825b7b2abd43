// The official metrics, each a pure function (docs/benchmark.md section 3). Values are in 0..1.
#pragma once

#include <hones/metric/anls.hpp>
#include <hones/metric/answer.hpp>
#include <hones/metric/bleu.hpp>
#include <hones/metric/gqa.hpp>
#include <hones/metric/idf.hpp>
#include <hones/metric/ndcg.hpp>
#include <hones/metric/ptb.hpp>
#include <hones/metric/retrieval.hpp>
#include <hones/metric/textvqa.hpp>
#include <hones/metric/vqa.hpp>
