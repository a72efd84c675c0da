// 错误的中文：有代码的错误逐句译出，其余只译其类别。
import type { ErrorCode } from '../../../../src/base/errors.js';

/** 每个代码一句，`{名称}` 由错误所带的数据填入。 */
export const errorsZh: Readonly<Record<ErrorCode, string>> = {
  'whole-range': '“{name}”必须是 {low} 到 {high} 之间的整数，现为 {value}。',
  'number-range': '“{name}”必须是 {low} 到 {high} 之间的数，现为 {value}。',
  'one-of': '“{name}”必须是其中之一：{allowed}，现为 {value}。',
  'content-small': '内容图片在尺寸 {size} 下只有 {width} × {height}；所比较的层要求每边至少 {least} 像素。',
  'picture-unreadable': '{where}：不是此浏览器能读取的图片。',
  'picture-small': '{where}：每边至少 {least} 像素，现为 {width} × {height}。',
  'picture-large': '{where}：最多 {megapixels} 百万像素、每边 {side} 像素，现为 {width} × {height}。',
  'mask-shape': '“{name}”为 {width} × {height}，其长宽比必须与所属图片（{of}）相同。',
  'mask-colours': '“{where}”：遮罩最多 {most} 种颜色；这一张像是照片。',
  'masks-missing': '内容遮罩与风格遮罩须一起使用。',
  'masks-w2': '遮罩需要 Gram 风格损失；W2 没有区域。',
  'init-missing': '请选择作为起点的图片。',
  'other-run': '检查点属于另一次运行：{what}。',
  'size-limit':
    '{width} × {height} 需要 {needed} MiB 的张量，此设备最多 {most} MiB：请选 {size} 像素或更小。',
  'memory-limit': '{width} × {height} 需要 {needed} MiB，最多可用 {most} MiB：请选更小的尺寸。',
  diverged: '第 {step} 步的损失 {loss} 不再是有限的数：请降低学习率（{learningRate}）或各项权重。',
  passphrase: '{where}：口令不对，或文件已损坏。',
  'no-face': '{where}：在 {width} × {height} 像素中没有找到人脸。',
  'few-people': '确定阈值至少需要两个人，其中一人有两张图片；现有 {people} 人的 {pictures} 张图片。',
  'no-threshold': '{pairs} 对不同的人中有相同的嵌入：没有大于 0 的阈值能达到误识率 {far}。',
  'collection-missing': '没有名为“{name}”的集合。',
  'collection-there': '已有名为“{name}”的集合。',
  'person-missing': '没有名为“{name}”的人。',
  'person-there': '已有名为“{name}”的人；合并会使两者成为一人。',
};

/** 没有代码的错误属于哪一类；其后附原文。 */
export const classesZh: Readonly<Record<string, string>> = {
  InputError: '输入不能使用。',
  WeightsError: '权重文件有误或无法取得。',
  ShapeError: '张量的形状不符。',
  KernelError: '着色器或管线无法建立。',
  DeviceLostError: 'GPU 已丢失或无法打开。',
  OutOfMemoryError: '内存不足。',
  FacetError: '计算未能完成。',
};
export const otherZh = '程序出错。';

/** 选项与图片在错误中的名称。 */
export const namesZh: Readonly<Record<string, string>> = {
  size: '尺寸',
  'first size': '首个尺度',
  iterations: '步数',
  seed: '随机种子',
  history: 'L-BFGS 记忆对数',
  'content weight': '内容权重',
  'style weight': '风格权重',
  'TV weight': '平滑',
  'learning rate': '学习率',
  beta1: 'Beta 1',
  beta2: 'Beta 2',
  epsilon: 'Epsilon',
  'average decay': '图片平均',
  'style scale': '风格缩放',
  'init noise': '噪声比例',
  'pooling scale': '池化系数',
  tile: '分块',
  'tile overlap': '分块重叠',
  memory: 'GPU 内存',
  optimizer: '优化器',
  'TV form': '平滑形式',
  'style loss': '风格损失',
  normalization: '损失的尺度',
  init: '起始于',
  pooling: '池化',
  padding: '边缘',
  color: '颜色',
  'content mask': '内容遮罩',
  'mask of style': '风格遮罩',
  'init picture': '起点图片',
};
